//! What the sockets are told: the same bytes from every server.

use std::fmt::Write as _;

/// About as long as a line of chat.
const TEXT: &str = "The wind turns north by noon: all boats back to the harbour.";

const HEARD: &[u8] = br#"42["news",{"number":"#;
const ANSWERED: &[u8] = br#"[{"number":"#;

/// The event that has a server tell the crowd.
pub(super) fn publish(number: u64) -> String {
    format!(r#"42["publish",{{"number":{number},"text":"{TEXT}"}}]"#)
}

/// Which message a frame is; nothing when it is not to the byte what every member of the crowd has to get for one.
pub(super) fn heard(frame: &[u8]) -> Option<u64> {
    number(frame.strip_prefix(HEARD)?)
}

/// The event that is answered with its own argument.
pub(super) fn ask(number: u64) -> String {
    format!(r#"42{number}["ask",{{"number":{number},"text":"{TEXT}"}}]"#)
}

/// Whether a frame is that answer.
pub(super) fn is_answer(frame: &[u8], number: u64) -> bool {
    let mut id = String::from("43");
    // Writing to a string can't fail.
    let _ = write!(id, "{number}");
    let rest = frame.strip_prefix(id.as_bytes()).and_then(|rest| rest.strip_prefix(ANSWERED));
    rest.and_then(self::number) == Some(number)
}

/// The number at the start, when the rest is behind it.
fn number(rest: &[u8]) -> Option<u64> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(length);
    let rest = rest.strip_prefix(br#","text":""#)?.strip_prefix(TEXT.as_bytes())?;
    (rest == br#""}]"#).then(|| str::from_utf8(digits).ok()?.parse().ok())?
}
