//! `Valid<T>`: inputs that keep the rules of their type.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::problem::{Problem, refuse};
use super::sent;
use crate::models::{Validation, Value};
use crate::{Error, Result};

/// The rules for a type's fields, beyond their types. `#[derive(Rules)]` makes them of `#[attr(…)]` at the fields, as a
/// model's; whether a field may be missing is said by its type.
pub trait Rules {
    /// Each field with the rules for its value, by the name clients use. A field that is not sent, or null, keeps all of
    /// them: whether it may be is said by its type.
    fn rules() -> Vec<(&'static str, Vec<Validation>)>;
}

/// An action's inputs, as with [`Input`](super::Input), that also keep the [`Rules`] of their type. The client is told of everything
/// wrong at once, whether it is a rule, a type or a missing field.
///
/// ```
/// use regatta::prelude::*;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, Rules)]
/// struct SignUp {
///     #[attr(is_email, max_length = 200)]
///     email: String,
///     #[attr(min = 18)]
///     age: u8,
/// }
///
/// async fn sign_up(form: Valid<SignUp>) -> String {
///     format!("welcome, {} of {}", form.email, form.age)
/// }
/// # let mut routes = Routes::default(); routes.post("/sign-up", sign_up);
/// ```
///
/// # Errors
/// As [`Input`](super::Input), with each broken rule under `errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valid<T>(pub T);

impl<T> Valid<T> {
    /// The inputs.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Rules + 'static> FromRequest for Valid<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sent = sent(req, payload);
        Box::pin(async move {
            let sent = sent.await?;
            let broken = sent.fields().map_or_else(Vec::new, |fields| broken::<T>(&fields, sent.is_form()));
            let made = sent.made::<T>();
            match (made, broken.is_empty()) {
                (Ok(inputs), true) => Ok(Self(inputs)),
                (Ok(_), false) => Err(refuse(&broken)),
                (Err(problems), _) => Err(refuse(&[problems, broken].concat())),
            }
        })
    }
}

fn broken<T: Rules>(fields: &Map<String, Json>, is_form: bool) -> Vec<Problem> {
    let mut broken = Vec::new();
    for (field, rules) in T::rules() {
        let Some(json) = fields.get(field).filter(|json| !json.is_null()) else { continue };
        let value = value(json);
        let number = is_form.then(|| number(json)).flatten();
        // A form's number is text: a rule for numbers looks at the number.
        let holds = |rule: &Validation| {
            rule.holds(number.as_ref().filter(|_| rule.is_about_numbers()).unwrap_or(&value))
        };
        broken.extend(rules.iter().filter(|rule| !holds(rule)).map(|rule| Problem {
            field: field.to_owned(),
            rule: rule.name(),
            expected: rule.expected(),
            message: format!("`{field}` breaks the rule {}: {}.", rule.name(), rule.advice()),
        }));
    }
    broken
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Some(float)) => Value::Float(float),
            (None, None) => Value::Json(Box::new(json.clone())),
        },
        Json::Array(_) | Json::Object(_) => Value::Json(Box::new(json.clone())),
    }
}

fn number(json: &Json) -> Option<Value> {
    let text = json.as_str()?;
    text.parse().map(Value::Integer).ok().or_else(|| text.parse().map(Value::Float).ok())
}
