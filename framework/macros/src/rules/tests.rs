use syn::{DeriveInput, parse_quote};

fn told(input: &DeriveInput) -> String {
    super::expand(input).map_or_else(|error| error.to_string(), |made| made.to_string())
}

#[test]
fn fields_have_the_names_that_clients_use() {
    let made = told(&parse_quote! {
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct SignUp {
            #[attr(max_length = 40)]
            nick_name: String,
            #[serde(default, rename = "e-mail")]
            #[attr(is_email)]
            email: String,
            age: u8,
        }
    });
    assert!(made.contains("\"nickName\"") && made.contains("\"e-mail\"") && !made.contains("age"), "{made}");
}

#[test]
fn an_unknown_rule_is_told_the_known_ones() {
    let unknown = told(&parse_quote! { struct Login { #[attr(required)] name: String } });
    assert!(
        unknown.starts_with("unknown rule; use max_length, ") && unknown.ends_with("Option<…>"),
        "{unknown}"
    );
    assert!(told(&parse_quote! { enum Kind { A } }).contains("named fields"));
    let case = told(&parse_quote! { #[serde(rename_all = "UPPERCASE")] struct Login { name: String } });
    assert!(case.contains("rename_all"), "{case}");
}
