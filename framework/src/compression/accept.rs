//! `Accept-Encoding` (RFC 9110, section 12.5.3).

use super::coding::Coding;

/// The coding a client with this header likes best; nothing when it likes the plain answer better, or knows none of ours.
pub(super) fn choose(header: &str) -> Option<Coding> {
    let wanted: Vec<(&str, u16)> = header.split(',').filter_map(weighted).collect();
    let weight =
        |name: &str| wanted.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, q)| *q);
    let others = weight("*");
    let plain = weight("identity").unwrap_or(0);
    let mut best = None;
    for coding in Coding::PREFERRED {
        let named = weight(coding.name()).or_else(|| coding.alias().and_then(weight));
        let weight = named.or(others).unwrap_or(0);
        if weight > 0 && weight >= plain && best.is_none_or(|(_, most)| weight > most) {
            best = Some((*coding, weight));
        }
    }
    best.map(|(coding, _)| coding)
}

/// A name with its weight in thousandths: `br;q=0.5` is `br` with 500. A weight that is none counts as 0.
fn weighted(member: &str) -> Option<(&str, u16)> {
    let mut parts = member.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, q.map_or(1_000, thousandths)))
}

fn thousandths(text: &str) -> u16 {
    let Ok(weight) = text.trim().parse::<f32>() else { return 0 };
    if (0.0..=1.0).contains(&weight) { (weight * 1_000.0).round() as u16 } else { 0 }
}
