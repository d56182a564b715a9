import { RequestError, connect } from "/regatta.io.js";

const ROOM = "lobby";
const LOADED = 50; // messages, at first and after each reconnect
const KEPT = 200; // messages on a page that stays open
const STATES = { connecting: "Connecting…", connected: "Connected", reconnecting: "Reconnecting…", closed: "Offline" };

const element = (id) => document.getElementById(id);
const [log, list, newest, me] = ["log", "messages", "newest", "me"].map(element);
const socket = connect();

// Messages: those that came with the page, then every reload and event.

const messages = new Map(); // id → its list item
let atEnd = true;

for (const item of list.children) {
  messages.set(Number(item.dataset.id), item);
  dress(item, item.querySelector("b").textContent, Number(item.dataset.at));
}

function dress(item, author, at) {
  let hash = 7;
  for (const letter of author) hash = Math.imul(hash ^ letter.codePointAt(0), 0x9e3779b1) >>> 0;
  item.style.setProperty("--hue", (hash >>> 8) % 360);
  item.dataset.initial = [...author][0].toUpperCase();
  item.classList.toggle("mine", author === me.textContent);
  const date = new Date(at);
  const dateStyle = date.toDateString() === new Date().toDateString() ? undefined : "medium";
  const time = item.querySelector("time");
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleString([], { dateStyle, timeStyle: "short" });
}

function show({ id, body, author, createdAt }) {
  let item = messages.get(id);
  if (!item) {
    item = document.createElement("li");
    item.dataset.id = id;
    item.append(...["b", "time", "p"].map((tag) => document.createElement(tag)));
    const before = [...list.children].findLast((other) => Number(other.dataset.id) < id);
    if (before) before.after(item);
    else list.prepend(item);
    messages.set(id, item);
  }
  const name = author?.name ?? "Somebody";
  item.querySelector("b").textContent = name;
  item.querySelector("p").textContent = body;
  dress(item, name, createdAt);
}

function remove(id) {
  messages.get(id)?.remove();
  messages.delete(id);
}

function follow() {
  element("empty").hidden = messages.size > 0;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

socket.on("message", ({ verb, id, data }) => {
  if (verb === "destroyed") remove(id);
  else if (verb === "created" || messages.has(id)) show(data);
  if (verb === "created" && !atEnd) newest.hidden = false;
  if (atEnd) [...messages.keys()].slice(0, -KEPT).forEach(remove);
  follow();
});

socket.subscribe(`/message?sort=id%20DESC&limit=${LOADED}`, (latest) => {
  const ids = new Set(latest.map(({ id }) => id));
  const last = Math.max(0, ...ids);
  for (const id of [...messages.keys()]) if (id <= last && !ids.has(id)) remove(id);
  latest.reverse().forEach(show);
  follow();
});

log.addEventListener("scroll", () => {
  atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  newest.hidden ||= atEnd;
});
new ResizeObserver(follow).observe(log);
newest.addEventListener("click", () => {
  atEnd = true;
  follow();
});
follow();

// Who is here, over which instance

const people = new Map(); // socket id → name
const gone = new Set(); // socket ids that left since we asked who is here

function showPeople() {
  const names = [...new Set(people.values())].sort((a, b) => a.localeCompare(b));
  const items = names.map((name) => Object.assign(document.createElement("li"), { textContent: name }));
  element("people").replaceChildren(...items);
  element("count").textContent = names.length;
  element("here").hidden = false;
}

socket.on("presence", ({ room, joins, leaves }) => {
  if (room !== ROOM) return;
  for (const { id, meta } of joins) people.set(id, meta.name);
  for (const { id } of leaves) {
    people.delete(id);
    gone.add(id);
  }
  showPeople();
});

async function join() {
  people.clear();
  gone.clear();
  const connection = socket.id;
  try {
    const { present, instance } = await socket.post("/room/join");
    for (const { id, meta } of present) if (!gone.has(id)) people.set(id, meta.name);
    showPeople();
    if (socket.id === connection) showState(socket.state, instance);
  } catch {
    if (socket.id === connection) setTimeout(() => socket.id === connection && join(), 2000);
  }
}

function showState(state, instance) {
  element("status").dataset.state = state;
  element("status").textContent = instance ? `${STATES[state]} to ${instance}` : STATES[state];
}

showState(socket.state);
socket.on("state", (state) => showState(state));
socket.onConnect(join);

// The two forms work without this script; with it they don't leave the page.

function enhance(form, field, send) {
  const error = element(`${field.id}-error`);
  const fail = (text) => {
    error.textContent = text;
    field.setAttribute("aria-invalid", text !== "");
  };
  field.addEventListener("input", () => fail(""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = field.value.trim();
    fail(value ? "" : "Please write something.");
    if (!value) return;
    field.value = "";
    try {
      await send(value);
    } catch (problem) {
      field.value = [value, field.value].filter(Boolean).join(" ");
      fail(problem instanceof RequestError ? problem.message : "There was no answer. Please try again.");
      field.focus();
    }
  });
}

function switchForms(named) {
  element("name-form").hidden = named;
  element("message-form").hidden = !named;
  element(named ? "body" : "name").focus();
}

enhance(element("name-form"), element("name"), async (name) => {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const answer = await fetch("/name", { method: "POST", headers, body: JSON.stringify({ name }) });
  const body = await answer.json();
  if (!answer.ok) throw new RequestError({ body, statusCode: answer.status });
  socket.reconnect(); // so that the socket comes with the session that now has the name
  me.textContent = body.name;
  for (const item of messages.values()) item.classList.toggle("mine", item.querySelector("b").textContent === body.name);
  switchForms(true);
});

enhance(element("message-form"), element("body"), async (body) => {
  show(await socket.post("/message", { body }));
  atEnd = true;
  follow();
});

element("rename").hidden = false;
element("rename").addEventListener("click", () => {
  element("name").value = me.textContent;
  switchForms(false);
});
