"""The stock python-socketio client, driven by the same lines of JSON as socket-io.mjs."""

import json
import sys
import threading

import socketio

client = socketio.Client(reconnection=False)
writing = threading.Lock()


def report(line):
    with writing:  # every event has a thread of its own
        print(json.dumps(line), flush=True)


@client.on("*")
def event(name, *args):
    report({"event": name, "args": list(args)})


@client.on("disconnect")
def disconnect(reason):
    report({"lifecycle": "disconnect", "reason": str(reason)})


def connect(url, headers=None, transports=("websocket",), **_):
    url += "/?__sails_io_sdk_version=1.2.1"
    client.connect(url, headers=headers or {}, transports=list(transports), wait_timeout=8)
    return {"id": client.sid}


def ask(event, data):
    return {"answer": client.call(event, data, timeout=8)}


def transport():
    return {"name": client.transport()}


def close():
    client.disconnect()
    return {}


commands = {"connect": connect, "ask": ask, "transport": transport, "close": close}
for line in sys.stdin:
    command = json.loads(line)
    name = command.pop("do")
    try:
        report({"done": name, **commands[name](**command)})
    except Exception as error:
        report({"done": name, "error": f"{type(error).__name__}: {error}"})
