use crate::metrics::{Kind, Metrics, Page};

#[test]
fn a_page_is_what_prometheus_reads() {
    let mut page = Page::default();
    page.counter("made_total", "Things made.", 7);
    let mut sizes = page.family(Kind::Gauge, "size", "How large.");
    sizes.sample(&[("of", "a \"b\" \\ c\nd"), ("in", "m")], 0.5);
    sizes.sample(&[("of", "x"), ("in", "m")], 2);
    assert_eq!(
        page.into_text(),
        "# HELP made_total Things made.\n# TYPE made_total counter\nmade_total 7\n\
         # HELP size How large.\n# TYPE size gauge\n\
         size{of=\"a \\\"b\\\" \\\\ c\\nd\",in=\"m\"} 0.5\nsize{of=\"x\",in=\"m\"} 2\n"
    );
}

#[test]
fn a_name_without_figures_is_left_out() {
    let mut page = Page::default();
    page.family(Kind::Counter, "nothing_total", "Nothing.");
    assert_eq!(page.into_text(), "");
}

#[test]
fn every_part_reports_in_the_order_they_came() {
    let metrics = Metrics::default();
    metrics.register(|page| page.gauge("a", "A.", 1));
    metrics.clone().register(|page| page.gauge("b", "B.", 2));
    let page = metrics.page();
    assert!(page.find("\na 1\n").unwrap() < page.find("\nb 2\n").unwrap());
}
