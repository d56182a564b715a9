//! The pages of several instances as one, in which every figure says whose it is.

use std::collections::HashMap;

/// Pages put together. Figures of one name stand together, as the format wants it, in the order the names came.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    families: Vec<Family>,
    places: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Family {
    /// What the first page with this name says about it.
    head: String,
    samples: String,
}

impl Merged {
    /// Adds a page, whose figures get the label `instance`. What belongs to no name it tells of is left out.
    pub(crate) fn add(&mut self, instance: &str, page: &str) {
        let mut current = None;
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")) {
                let name = rest.split(' ').next().unwrap_or_default();
                current = Some(self.place(name));
                if let Some(family) = self.family(current) {
                    family.tell(line);
                }
            } else if let Some(family) = self.family(current)
                && !line.is_empty()
                && !line.starts_with('#')
            {
                family.add(instance, line);
            }
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.families.into_iter().fold(String::new(), |text, family| text + &family.head + &family.samples)
    }

    fn family(&mut self, place: Option<usize>) -> Option<&mut Family> {
        self.families.get_mut(place?)
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.families.push(Family::default());
        self.places.insert(name.to_owned(), self.families.len() - 1);
        self.families.len() - 1
    }
}

impl Family {
    /// A line about it: the first of each kind counts.
    fn tell(&mut self, line: &str) {
        let kind = line.get(..6).unwrap_or_default();
        if !self.head.lines().any(|known| known.starts_with(kind)) {
            self.head.push_str(line);
            self.head.push('\n');
        }
    }

    fn add(&mut self, instance: &str, line: &str) {
        let Some(end) = line.find(['{', ' ']) else { return };
        let (name, rest) = line.split_at(end);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => (",", rest),
            None => ("}", rest),
        };
        self.samples.extend([name, "{instance=\"", instance, "\"", labels, rest, "\n"]);
    }
}
