//! How many records there are, and where the next ones are: `X-Total-Count` and `Link` (RFC 8288), on request.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponseBuilder};
use serde_json::{Map, Value};

use super::Call;
use crate::Result;
use crate::models::cursor::Cursor;
use crate::models::{Criteria, Record, Schema, crud};

/// What a client asks about a list beside its records.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// `?count=true`, or `Prefer: count=exact`: how many records there are in all.
    count: bool,
    /// `?after=`: the page behind a cursor, from the start when it is empty.
    after: Option<String>,
}

impl Asked {
    /// Takes `count` and `after` out of the parameters, unless the model has attributes of these names.
    pub(super) fn take(call: &Call, params: &mut Map<String, Value>) -> Self {
        let schema = call.schema();
        let mut take =
            |name: &str| schema.public(name).is_none().then(|| params.shift_remove(name)).flatten();
        let preferred = call.req.headers().get_all("prefer").filter_map(|value| value.to_str().ok());
        let preferred = preferred.flat_map(|value| value.split(',')).any(|part| part.trim() == "count=exact");
        let count = take("count").is_some_and(|value| value == true || value == "true" || value == "1");
        let after = take("after").map(|value| value.as_str().unwrap_or_default().to_owned());
        Self { count: count || preferred, after }
    }

    /// The criteria of the page behind the cursor.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` when it is no cursor of this list.
    pub(super) fn narrow(&self, schema: &Schema, criteria: &Criteria) -> Result<Criteria> {
        let mut page = criteria.clone();
        if self.after.is_some()
            && let Some(select) = &criteria.select
        {
            // A cursor is made of what is sorted by, shown or not.
            let sorted = criteria.sort.iter().map(|sort| sort.attribute);
            page.select =
                Some(select.iter().copied().chain(sorted.filter(|at| !select.contains(at))).collect());
        }
        if let Some(after) = self.after.as_deref().filter(|after| !after.is_empty()) {
            let cursor = Cursor::read(schema, &criteria.sort, after)?;
            page.filter = page.filter.and(cursor.filter(schema, &criteria.sort));
            page.skip = 0;
        }
        Ok(page)
    }

    /// Adds the headers that were asked for.
    pub(super) async fn tell(
        &self,
        call: &Call,
        criteria: &Criteria,
        records: &[Record],
        answer: &mut HttpResponseBuilder,
    ) -> Result<()> {
        let limit = criteria.limit.unwrap_or(0);
        let is_full = limit > 0 && u64::try_from(records.len()).is_ok_and(|found| found == limit);
        if self.after.is_some() {
            // Nobody but the app sorts by what is private, and what a cursor holds can be read.
            let schema = call.schema();
            let is_hidden = criteria.sort.iter().any(|sort| schema.attribute_at(sort.attribute).is_private());
            if let Some(last) = records.last().filter(|_| is_full && !is_hidden) {
                let cursor = Cursor::of(last, criteria).text();
                answer.insert_header((header::LINK, link(&call.req, "after", &cursor, "next")));
            }
            return Ok(());
        }
        if !self.count {
            return Ok(());
        }
        let total = crud::count(&call.db, call.schema(), criteria).await?;
        answer.insert_header(("x-total-count", total.to_string()));
        if limit == 0 {
            return Ok(());
        }
        let skip = |skip: u64, name: &str| link(&call.req, "skip", &skip.to_string(), name);
        let mut links = vec![skip(0, "first")];
        if criteria.skip > 0 {
            links.push(skip(criteria.skip.saturating_sub(limit), "prev"));
        }
        if criteria.skip.saturating_add(limit) < total {
            links.push(skip(criteria.skip + limit, "next"));
        }
        links.push(skip(total.saturating_sub(1) / limit * limit, "last"));
        answer.insert_header((header::LINK, links.join(", ")));
        Ok(())
    }
}

/// The same request with another value for one parameter.
fn link(req: &HttpRequest, name: &str, value: &str, relation: &str) -> String {
    let others = req.query_string().split('&').filter(|pair| !pair.is_empty());
    let others = others.filter(|pair| pair.split('=').next() != Some(name));
    let query: Vec<_> = others.map(str::to_owned).chain([format!("{name}={value}")]).collect();
    format!("<{}?{}>; rel=\"{relation}\"", req.path(), query.join("&"))
}
