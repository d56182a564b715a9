mod counting;
mod merged;
mod pages;
mod process;
mod requests;

/// The number of a figure, by its name and labels as they are written.
fn figure(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
}
