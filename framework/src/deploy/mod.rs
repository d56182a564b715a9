//! The files of what runs an app in production: proxies, service managers, containers.
//!
//! They are made from the app's configuration, so that ports, paths, limits and waits agree with it. One template per file;
//! every value that goes into one is checked by [`site`] first, because none of these formats quotes the same way.

mod front;
mod plain;
mod site;
mod source;

use tera::{Context, Tera};

pub(crate) use site::{Site, Wanted};

use crate::{Error, Result};

/// What a file is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// A balancer and proxy in front of the instances
    Nginx,
    /// The same, with health checks of its own
    Haproxy,
    /// A unit and a socket per instance
    Systemd,
    /// An image of the app
    Docker,
    /// The app, Redis, PostgreSQL and nginx as containers on one host
    Compose,
    /// The app on a cluster, with what it needs to be replaced without a pause
    Kubernetes,
    /// A cache in front of the instances
    Varnish,
    /// A job for hosts from before systemd
    Upstart,
}

/// What a new app has in its `deploy/` folder.
pub(crate) const USUAL: [Target; 2] = [Target::Nginx, Target::Haproxy];

/// A file to write or show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name, without a folder.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Target {
    /// The target's files: their names, with `NAME` for the app's, and their templates.
    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Nginx => &[("nginx.conf", include_str!("templates/nginx.conf"))],
            Self::Haproxy => &[("haproxy.cfg", include_str!("templates/haproxy.cfg"))],
            Self::Systemd => &[
                ("NAME@.service", include_str!("templates/systemd.service")),
                ("NAME@.socket", include_str!("templates/systemd.socket")),
            ],
            Self::Docker => &[
                ("Dockerfile", include_str!("templates/Dockerfile")),
                ("Dockerfile.dockerignore", include_str!("templates/Dockerfile.dockerignore")),
            ],
            Self::Compose => &[
                ("compose.yaml", include_str!("templates/compose.yaml")),
                ("compose.nginx.conf", include_str!("templates/nginx.conf")),
            ],
            Self::Kubernetes => &[("kubernetes.yaml", include_str!("templates/kubernetes.yaml"))],
            Self::Varnish => &[("varnish.vcl", include_str!("templates/varnish.vcl"))],
            Self::Upstart => &[("NAME.upstart.conf", include_str!("templates/upstart.conf"))],
        }
    }

    /// The target's files for this site.
    ///
    /// # Errors
    /// When the app's own manifest, which tells how an image of it is built, can't be read.
    pub(crate) fn files(self, site: &Site) -> Result<Vec<File>> {
        let mut context = Context::from_serialize(site)?;
        match self {
            Self::Docker => context.insert("source", &source::Source::of(site)?),
            Self::Compose => {
                context.insert("source", &source::Source::of(site)?);
                // Each instance has a host of its own there.
                context.insert("servers", &site.containers());
            }
            _ => {}
        }
        context.insert("contained", &(self == Self::Compose));
        let render = |(name, template): &(&str, &str)| {
            let text = Tera::one_off(template, &context, false)?;
            Ok(File { name: name.replace("NAME", &site.name), text })
        };
        self.templates().iter().map(render).collect()
    }
}

/// A refusal of what was asked for or configured.
fn refused(message: String) -> Error {
    Error::bad_request(message)
}

#[cfg(test)]
mod tests;
