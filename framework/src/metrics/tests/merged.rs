use crate::metrics::Merged;

const ONE: &str =
    "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n# HELP b B.\n# TYPE b gauge\nb{of=\"x y\"} 2\n";
const TWO: &str = "# HELP c C.\n# TYPE c gauge\nc 3\n# HELP b B, as another version has it.\n# TYPE b gauge\nb{of=\"z\"} 4\n";

#[test]
fn figures_of_a_name_stand_together_and_say_whose_they_are() {
    let mut merged = Merged::default();
    merged.add("4f", ONE);
    merged.add("9a", TWO);
    assert_eq!(
        merged.into_text(),
        "# HELP a_total A.\n# TYPE a_total counter\na_total{instance=\"4f\"} 1\n\
         # HELP b B.\n# TYPE b gauge\nb{instance=\"4f\",of=\"x y\"} 2\nb{instance=\"9a\",of=\"z\"} 4\n\
         # HELP c C.\n# TYPE c gauge\nc{instance=\"9a\"} 3\n"
    );
}

#[test]
fn a_page_that_is_none_adds_nothing() {
    let mut merged = Merged::default();
    merged.add("4f", "<html>\nnot found 1\n\n# a remark\n#\n");
    assert_eq!(merged.into_text(), "");
}
