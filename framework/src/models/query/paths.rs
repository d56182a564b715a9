//! `populate("pets.vets")`: names of associations become places.

use crate::models::criteria::{Criteria, Populate};
use crate::models::{Db, Schema};
use crate::{Error, Result};

/// An association someone asked to populate, by its path.
#[derive(Debug)]
pub(in crate::models) struct Wanted {
    path: String,
    criteria: Criteria,
    /// What the criteria populate themselves.
    below: Vec<Wanted>,
}

impl Wanted {
    pub(in crate::models) fn all(path: &str) -> Self {
        Self::with(path, Criteria::default(), Vec::new())
    }

    pub(super) fn with(path: &str, criteria: Criteria, below: Vec<Self>) -> Self {
        Self { path: path.to_owned(), criteria, below }
    }
}

/// The associations by place, each once.
///
/// # Errors
/// 500 for a name the model lacks: that is the app's mistake.
pub(in crate::models) fn resolve(db: &Db, schema: &Schema, wanted: &[Wanted]) -> Result<Vec<Populate>> {
    let mut paths = Vec::new();
    for wanted in wanted {
        add(db, schema, &mut paths, &wanted.path, wanted)?;
    }
    Ok(paths)
}

fn add(db: &Db, schema: &Schema, paths: &mut Vec<Populate>, path: &str, wanted: &Wanted) -> Result<()> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let place = schema.index_of(name);
    let Some((attribute, link)) = place.and_then(|place| Some((place, db.link(schema, place)?))) else {
        return Err(unknown(schema, name));
    };
    let target = link.target();
    let criteria = &mut Populate::among(paths, Populate::all(attribute)).criteria;
    match rest {
        Some(rest) => add(db, target, &mut criteria.populate, rest, wanted),
        None => {
            let below = std::mem::take(&mut criteria.populate);
            *criteria = Criteria { populate: below, ..wanted.criteria.clone() };
            for below in &wanted.below {
                add(db, target, &mut criteria.populate, &below.path, below)?;
            }
            Ok(())
        }
    }
}

fn unknown(schema: &Schema, name: &str) -> Error {
    let known = schema.attributes().iter().filter(|attribute| attribute.association().is_some());
    let known: Vec<_> = known.map(|attribute| attribute.name()).collect();
    let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    Error::internal(format!("`{}` has no association `{name}`: it can populate {known}", schema.identity()))
}
