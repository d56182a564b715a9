//! JSONP, for pages that may not read another origin: payloads of text in scripts and forms.

use bytes::Bytes;

use super::PayloadError;

const LINE_SEPARATOR: &[u8] = "\u{2028}".as_bytes();
const PARAGRAPH_SEPARATOR: &[u8] = "\u{2029}".as_bytes();
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The payload in a request's body: the field `d` of a form, in which the client wrote a line feed as `\n` and those two
/// characters as `\\n`, since browsers change line feeds in forms.
pub(crate) fn decode(form: &[u8]) -> Result<Bytes, PayloadError> {
    let field = form.split(|byte| *byte == b'&').find_map(|field| field.strip_prefix(b"d="));
    let escaped = decode_field(field.ok_or(PayloadError::Form)?);
    let mut out = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_slice();
    while let Some((byte, after)) = rest.split_first() {
        rest = if let Some(after) = rest.strip_prefix(br"\\n") {
            out.extend_from_slice(br"\n");
            after
        } else if let Some(after) = rest.strip_prefix(br"\n") {
            out.push(b'\n');
            after
        } else {
            out.push(*byte);
            after
        };
    }
    Ok(out.into())
}

/// `+` is a space and `%` stands before two hexadecimal digits; where they are missing it stands for itself.
/// See <https://url.spec.whatwg.org/#urlencoded-parsing>.
fn decode_field(mut field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    while let Some((byte, mut rest)) = field.split_first() {
        let mut byte = *byte;
        if byte == b'+' {
            byte = b' ';
        } else if byte == b'%'
            && let [high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (nibble(*high), nibble(*low))
        {
            byte = high << 4 | low;
            rest = after;
        }
        out.push(byte);
        field = rest;
    }
    out
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The body of an answer: a call of the client's function `index` with a payload of text, as JavaScript (RFC 9239,
/// `text/javascript`). Of the index only digits are taken.
pub(crate) fn encode(index: &str, payload: &[u8]) -> Bytes {
    const FRAME: usize = "___eio[](\"\");".len();
    let index = index.bytes().filter(u8::is_ascii_digit);
    let mut total = FRAME + index.clone().count();
    escape(payload, |piece| total += piece.len());
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(b"___eio[");
    out.extend(index);
    out.extend_from_slice(b"](\"");
    escape(payload, |piece| out.extend_from_slice(piece));
    out.extend_from_slice(b"\");");
    out.into()
}

/// Gives the text between the quotes of a string literal piece by piece. `</` stays: the answer is a script of its own,
/// never part of a page.
#[expect(clippy::indexing_slicing, reason = "both places are within the text")]
fn escape(text: &[u8], mut put: impl FnMut(&[u8])) {
    // From where nothing was given yet.
    let mut plain = 0;
    let mut at = 0;
    while at < text.len() {
        let hex;
        let (escape, length): (&[u8], usize) = match text[at] {
            b'"' => (br#"\""#, 1),
            b'\\' => (br"\\", 1),
            b'\n' => (br"\n", 1),
            b'\r' => (br"\r", 1),
            b'\t' => (br"\t", 1),
            0x08 => (br"\b", 1),
            0x0c => (br"\f", 1),
            control @ 0..0x20 => {
                hex = [b'\\', b'u', b'0', b'0', b'0' + (control >> 4), HEX[usize::from(control & 15)]];
                (&hex, 1)
            }
            // Line ends in JavaScript before ES2019, though not in JSON.
            0xe2 if text[at..].starts_with(LINE_SEPARATOR) => (br"\u2028", 3),
            0xe2 if text[at..].starts_with(PARAGRAPH_SEPARATOR) => (br"\u2029", 3),
            _ => {
                at += 1;
                continue;
            }
        };
        put(&text[plain..at]);
        put(escape);
        at += length;
        plain = at;
    }
    put(&text[plain..]);
}
