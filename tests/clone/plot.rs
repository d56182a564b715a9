//! The figures as a picture: a line for each side, with a bar for its requests and one for its waits.

use std::fmt::Write as _;

use crate::table::Row;

const WIDTH: f64 = 960.0;
/// The height of a side's line.
const LINE: f64 = 34.0;
const TOP: f64 = 86.0;
/// Where the names end and the bars of requests begin.
const REQUESTS: f64 = 260.0;
/// Where the bars of waits begin.
const WAITS: f64 = 600.0;
/// The longest bar; its figures stand behind it.
const LONGEST: f64 = 220.0;
/// How far below a line's top its text stands.
const TEXT: f64 = 19.0;

const STYLE: &str = "text { font: 13px sans-serif; fill: #222 } .head { font-weight: bold } .how { fill: #666; font-size: 12px } \
                     .requests { fill: #2f6f9f } .half { fill: #c77d2b } .most { fill: #efd3ae } .bad { fill: #b3261e }";

/// The picture.
pub(crate) fn svg(how: &str, rows: &[Row]) -> String {
    let largest = |figure: fn(&Row) -> f64| rows.iter().map(figure).fold(1.0, f64::max);
    let (requests, waits) = (largest(|row| row.requests_per_second), largest(|row| row.p99_millis));
    #[expect(clippy::cast_precision_loss, reason = "few lines")]
    let place = |line: usize| TOP + line as f64 * LINE;
    let height = place(rows.len()) + 16.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(
        &mut svg,
        16.0,
        26.0,
        "head",
        "One instance and several: requests that cost a core some milliseconds",
    );
    text(&mut svg, 16.0, 46.0, "how", how);
    text(&mut svg, REQUESTS, 74.0, "head", "requests/s");
    text(&mut svg, WAITS, 74.0, "head", "p50 and p99, ms");
    for (line, row) in rows.iter().enumerate() {
        let top = place(line);
        text(&mut svg, 16.0, top + TEXT, "", &row.name);
        let length = row.requests_per_second / requests * LONGEST;
        bar(&mut svg, REQUESTS, top, length, "requests");
        let errors = if row.errors > 0 { format!(", {} errors", row.errors) } else { String::new() };
        let class = if row.errors > 0 { "bad" } else { "" };
        let said = format!("{:.0}{errors}", row.requests_per_second);
        text(&mut svg, REQUESTS + length + 6.0, top + TEXT, class, &said);
        let length = row.p99_millis / waits * LONGEST;
        bar(&mut svg, WAITS, top, length, "most");
        bar(&mut svg, WAITS, top, row.p50_millis / waits * LONGEST, "half");
        let said = format!("{:.0}, {:.0}", row.p50_millis, row.p99_millis);
        text(&mut svg, WAITS + length + 6.0, top + TEXT, "", &said);
    }
    svg + "</svg>\n"
}

fn bar(svg: &mut String, left: f64, top: f64, length: f64, class: &str) {
    let (top, height) = (top + 4.0, LINE - 12.0);
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{height:.1}\"/>"
    );
}

fn text(svg: &mut String, left: f64, base: f64, class: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{left:.1}\" y=\"{base:.1}\">{words}</text>");
}
