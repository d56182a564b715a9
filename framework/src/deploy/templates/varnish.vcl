vcl 4.1;

# Varnish in front of {{ instances }} instances, `lift --ports {{ ports }}`, from `{{ name }} deploy varnish`.
# It speaks no TLS: let nginx, HAProxy or Hitch do that before it.
#   varnishd -a :{{ front.port }} -f varnish.vcl -p pipe_timeout={{ socket_timeout }}
import directors;
import std;

probe ready {
    .url = "/readyz";
    # Until it has noticed, what is sent to an instance that is gone fails unless it may be sent again.
    .interval = 250ms;
    .timeout = 1s;
    .window = 2;
    .threshold = 1;
    .initial = 1;
}
{% for server in servers %}
backend {{ server.name | replace(from="-", to="_") }} {
    .host = "{{ server.host | replace(from="[", to="") | replace(from="]", to="") }}";
    .port = "{{ server.port }}";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = {{ socket_timeout }}s;
    .between_bytes_timeout = {{ socket_timeout }}s;
}
{% endfor %}
# As trusted_proxies in config/security.toml: only they may say what a client asked for.
acl trusted {
{%- for network in trusted %}
    {{ network }};
{%- else %}
    ! "0.0.0.0"/0;
{%- endfor %}
}

sub vcl_init {
    new app = directors.round_robin();
{%- for server in servers %}
    app.add_backend({{ server.name | replace(from="-", to="_") }});
{%- endfor %}
}

sub vcl_recv {
    set req.backend_hint = app.backend();
    # Varnish appends the client's address to X-Forwarded-For; the app believes as much of it as trusted_proxies say.
    if (client.ip !~ trusted) {
        unset req.http.X-Forwarded-Host;
        set req.http.X-Forwarded-Proto = "http";
    }
    if (req.http.Upgrade ~ "(?i)^websocket$") {
        return (pipe);
    }
    unset req.http.Upgrade;
    if (req.http.Content-Length && std.integer(req.http.Content-Length, 0) > {{ body_limit }}) {
        return (synth(413));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.url ~ "^/assets/") {
        unset req.http.Cookie;
    }
    # Only what everybody gets alike is kept.
    if (req.http.Cookie || req.http.Authorization || req.http.Origin || req.url ~ "^/(livez|readyz)$") {
        return (pass);
    }
    if (req.url ~ "^{{ socket_path | replace(from=".", to="[.]") }}") {
        return (pass);
    }
}

sub vcl_hash {
    # A page or data: the same address answers with either.
    hash_data(req.http.Accept);
}

sub vcl_pipe {
    set bereq.http.Connection = "upgrade";
    set bereq.http.Upgrade = "websocket";
    return (pipe);
}

sub vcl_backend_response {
    # One page of many people: never one that sets a cookie, has a nonce, or says that it is somebody's own.
    if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "(?i)(private|no-store|no-cache)"
        || beresp.http.Content-Security-Policy ~ "'nonce-" || beresp.http.Vary == "*") {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
{%- if keep > 0 %}
    if (!beresp.http.Cache-Control && beresp.status == 200) {
        set beresp.ttl = {{ keep }}s;
        set beresp.grace = {{ keep }}s;
        return (deliver);
    }
{%- endif %}
    # What says nothing about being kept is not kept.
    if (beresp.http.Cache-Control !~ "(?i)(max-age|s-maxage)=[1-9]") {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
    }
    return (deliver);
}

sub vcl_backend_error {
    # Again, on the next instance, and only what can do no harm twice.
    if (bereq.retries < 4 && (bereq.method == "GET" || bereq.method == "HEAD")) {
        return (retry);
    }
}
