//! Rules about text.

use super::Value;

/// The text of a value, also of one that could be any JSON.
pub(super) fn of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Json(json) => json.as_str(),
        _ => None,
    }
}

/// How many characters or bytes it has. Counting characters stops behind `enough`.
pub(super) fn length(value: &Value, enough: usize) -> Option<usize> {
    match (value, of(value)) {
        (Value::Bytes(bytes), _) => Some(bytes.len()),
        (_, Some(text)) => Some(text.chars().take(enough.saturating_add(1)).count()),
        _ => None,
    }
}

/// One `@` with something before it and a dotted name behind it: what is really there only a message tells.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && local.len() <= 64
        && text.len() <= 254
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && !local.contains('@')
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

pub(super) fn is_url(text: &str) -> bool {
    let web = text.starts_with("http://") || text.starts_with("https://");
    web && text
        .parse::<actix_web::http::Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(super) fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Luhn's check digit, over 12 to 19 digits.
pub(super) fn is_credit_card(text: &str) -> bool {
    let (mut sum, mut count) = (0, 0);
    for byte in text.bytes().rev() {
        let digit = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b' ' | b'-' => continue,
            _ => return false,
        };
        count += 1;
        // Every second one, from behind, counts twice.
        let weight = if count % 2 == 0 { digit * 2 } else { digit };
        sum += if weight > 9 { weight - 9 } else { weight };
    }
    (12..=19).contains(&count) && sum > 0 && sum % 10 == 0
}
