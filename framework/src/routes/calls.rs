//! What an app does when its sockets come, say something and go.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{FromRequest, Handler, HttpResponse, Responder};

use super::{Action, Doc, Guarded, Routes, Target, added, short_name};
use crate::Result;
use crate::policies::Policy;
use crate::security::Rules;

/// What a handler is called for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// A socket asks to enter the namespace.
    Connect,
    /// A client's event.
    Event(Arc<str>),
    /// A client's event that has no handler of its own.
    AnyEvent,
    /// Another instance's event.
    ServerEvent(Arc<str>),
    /// A socket has left the namespace.
    Disconnect,
}

impl Call {
    /// Its name beside those of routes: `EVENT /admin#say`.
    fn in_namespace(&self, namespace: &str) -> String {
        match self {
            Self::Connect => format!("CONNECT {namespace}"),
            Self::Event(name) => format!("EVENT {namespace}#{name}"),
            Self::AnyEvent => format!("EVENT {namespace}#*"),
            Self::ServerEvent(name) => format!("SERVER-EVENT {namespace}#{name}"),
            Self::Disconnect => format!("DISCONNECT {namespace}"),
        }
    }
}

/// A namespace: its name, or the pattern of its names, and what is called in it.
#[derive(Debug)]
pub(crate) struct NamespaceEntry {
    pub(crate) name: String,
    pub(crate) calls: Vec<CallEntry>,
    /// Who decides whether a socket may enter.
    pub(crate) before_connect: Vec<Policy>,
}

/// A handler and what it is called for.
#[derive(Debug)]
pub(crate) struct CallEntry {
    pub(crate) call: Call,
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) guards: Vec<Policy>,
    pub(crate) doc: Doc,
    pub(crate) rules: Rules,
}

impl NamespaceEntry {
    pub(super) fn new(name: String) -> Self {
        Self { name, calls: Vec::new(), before_connect: Vec::new() }
    }

    /// Its handlers, that of connections included; of several for the same call the first.
    pub(super) fn into_targets(self) -> HashMap<Call, Target> {
        let mut targets = HashMap::with_capacity(self.calls.len() + 1);
        for CallEntry { call, action, guards, rules, .. } in self.calls {
            let name = call.in_namespace(&self.name);
            targets.entry(call).or_insert_with(|| Target::new(name, action.guarded(guards), rules));
        }
        if !self.before_connect.is_empty() {
            let enter = Action::from_handler(async || HttpResponse::NoContent()).guarded(self.before_connect);
            targets.insert(
                Call::Connect,
                Target::new(Call::Connect.in_namespace(&self.name), enter, Rules::default()),
            );
        }
        targets
    }

    fn add<F, Args>(&mut self, call: Call, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let entry = CallEntry {
            call,
            name: short_name::<F>(),
            action: Action::from_handler(action),
            guards: Vec::new(),
            doc: Doc::default(),
            rules: Rules::default(),
        };
        let CallEntry { guards, doc, rules, .. } = added(&mut self.calls, entry);
        Guarded { guards, doc, rules, cache: None }
    }
}

/// The handlers of one namespace; see [`Routes::namespace`].
#[derive(Debug)]
pub struct Namespace<'a>(pub(super) &'a mut NamespaceEntry);

impl Namespace<'_> {
    /// Handles the event `event` in this namespace, as [`Routes::on`].
    pub fn on<F, Args>(&mut self, event: &str, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.0.add(Call::Event(event.into()), action)
    }

    /// Handles the events in this namespace that have no handler of their own, as [`Routes::on_any`].
    pub fn on_any<F, Args>(&mut self, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.0.add(Call::AnyEvent, action)
    }

    /// Handles what other instances emit to this one in this namespace, as [`Routes::on_server`].
    pub fn on_server<F, Args>(&mut self, event: &str, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.0.add(Call::ServerEvent(event.into()), action)
    }

    /// Asks `policy` before a socket enters this namespace, as [`Routes::before_connect`].
    pub fn before_connect<F, Args>(&mut self, policy: F) -> &mut Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.0.before_connect.push(Policy::new(policy));
        self
    }

    /// Runs `action` when a socket has left this namespace, as [`Routes::after_disconnect`].
    pub fn after_disconnect<F, Args>(&mut self, action: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.0.add(Call::Disconnect, action);
        self
    }
}

impl Routes {
    /// The handlers of a Socket.IO namespace: a name such as `/admin`, or a pattern such as `/project/{id}` as in the
    /// paths of routes, whose parts a handler takes with `Path`. Sockets enter no other namespaces than these and `/`.
    /// See <https://socket.io/docs/v4/namespaces/>.
    ///
    /// ```
    /// use regatta::prelude::*;
    ///
    /// async fn is_admin(session: Session) -> Result<()> {
    ///     match session.get::<bool>("admin")? {
    ///         Some(true) => Ok(()),
    ///         _ => Err(Error::forbidden("only admins come in here")),
    ///     }
    /// }
    ///
    /// async fn announce(who: Requester, text: Input<String>) -> Result<Json<usize>> {
    ///     let socket = who.socket()?;
    ///     socket.sockets().blast("announcement", &*text).await?;
    ///     Ok(Json(text.len()))
    /// }
    ///
    /// async fn edit(who: Requester, project: Path<u64>, change: Input<JsonValue>) -> Result<()> {
    ///     who.socket()?.broadcast().emit("edited", &json!({ "project": *project, "change": change.0 })).await
    /// }
    ///
    /// fn draw(r: &mut Routes) {
    ///     let mut admin = r.namespace("/admin");
    ///     admin.before_connect(is_admin);
    ///     admin.on("announce", announce);
    ///     r.namespace("/project/{id}").on("edit", edit);
    /// }
    /// # draw(&mut Routes::default());
    /// ```
    ///
    /// # Panics
    /// When the name does not begin with `/`, or has a `,`, `?` or `#` in it: clients can't name it.
    #[expect(clippy::indexing_slicing, reason = "the place was found or made here")]
    pub fn namespace(&mut self, name: &str) -> Namespace<'_> {
        assert!(
            name.starts_with('/') && !name.contains([',', '?', '#']),
            "the namespace `{name}` must begin with `/` and have none of `,`, `?` and `#` in it"
        );
        let place = self.namespaces.iter().position(|entry| entry.name == name).unwrap_or_else(|| {
            self.namespaces.push(NamespaceEntry::new(name.to_owned()));
            self.namespaces.len() - 1
        });
        Namespace(&mut self.namespaces[place])
    }

    #[expect(clippy::indexing_slicing, reason = "`/` is there from the beginning")]
    fn root(&mut self) -> &mut NamespaceEntry {
        &mut self.namespaces[0]
    }

    /// Handles the socket event `event`. The action's `Input` or `Json` is the event's argument, or a list of
    /// them when there are several; what it answers becomes the acknowledgement.
    pub fn on<F, Args>(&mut self, event: &str, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.root().add(Call::Event(event.into()), action)
    }

    /// Handles the socket events that have no handler of their own; [`EventName`](crate::sockets::EventName) says
    /// which it is.
    pub fn on_any<F, Args>(&mut self, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.root().add(Call::AnyEvent, action)
    }

    /// Handles what another instance says with [`Sockets::server_side_emit`](crate::sockets::Sockets::server_side_emit), or
    /// a Node server with `serverSideEmit`. The action takes the arguments as one of [`Routes::on`] does; there is no
    /// socket and no session. What it answers goes to who asked for answers.
    ///
    /// ```
    /// use regatta::prelude::*;
    ///
    /// async fn load(instance: Instance) -> Json<JsonValue> {
    ///     Json(json!({ "instance": instance.id(), "load": 0.5 }))
    /// }
    ///
    /// fn draw(r: &mut Routes) {
    ///     r.on_server("load", load);
    /// }
    /// # draw(&mut Routes::default());
    /// ```
    pub fn on_server<F, Args>(&mut self, event: &str, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.root().add(Call::ServerEvent(event.into()), action)
    }

    /// Asks `policy` before a socket enters: its error refuses the socket, whose client gets its message. The
    /// policies run in the order they were added; `Requester` gives them the socket with its handshake and credentials.
    ///
    /// ```
    /// use regatta::prelude::*;
    ///
    /// async fn has_token(who: Requester) -> Result<()> {
    ///     match who.socket()?.auth()["token"].as_str() {
    ///         Some("sesame") => Ok(()),
    ///         _ => Err(Error::unauthorized("log in first")),
    ///     }
    /// }
    ///
    /// fn draw(r: &mut Routes) {
    ///     r.before_connect(has_token);
    /// }
    /// # draw(&mut Routes::default());
    /// ```
    pub fn before_connect<F, Args>(&mut self, policy: F) -> &mut Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.root().before_connect.push(Policy::new(policy));
        self
    }

    /// Runs `action` when a socket has left, whatever the reason: [`Disconnect`](crate::sockets::Disconnect) tells it,
    /// `Requester` gives the socket and `Session` its session. Of several the first counts.
    ///
    /// ```
    /// use regatta::prelude::*;
    /// use regatta::sockets::Disconnect;
    ///
    /// async fn left(sockets: Sockets, who: Requester, gone: Disconnect) -> Result<()> {
    ///     for room in &gone.rooms {
    ///         sockets.to(room).emit("left", &who.id()).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// fn draw(r: &mut Routes) {
    ///     r.after_disconnect(left);
    /// }
    /// # draw(&mut Routes::default());
    /// ```
    pub fn after_disconnect<F, Args>(&mut self, action: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.root().add(Call::Disconnect, action);
        self
    }
}
