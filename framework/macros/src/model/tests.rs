use syn::{DeriveInput, parse_quote};

fn refused(input: &DeriveInput) -> String {
    super::expand(input).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

#[test]
fn a_model_without_a_key_is_told_what_to_write() {
    let told = refused(&parse_quote! { struct Message { body: String } });
    assert_eq!(
        told,
        "a Model has a field `pub id: i64`, or one marked #[attr(primary_key)] of type i64, String or Uuid"
    );
}

#[test]
fn an_unknown_key_is_told_the_known_ones() {
    let told = refused(&parse_quote! { struct Message { id: i64, #[attr(maxlength = 3)] body: String } });
    assert!(told.starts_with("unknown key; use required, unique, "), "{told}");
    let told = refused(&parse_quote! { #[model(tabel = "m")] struct Message { id: i64 } });
    assert!(told.starts_with("unknown key; use rename_all, table, identity, "), "{told}");
    let told = refused(&parse_quote! { #[model(index(nope))] struct Message { id: i64 } });
    assert_eq!(told, "the model has no such field");
}

#[test]
fn an_association_is_told_how_it_is_written() {
    let told = refused(&parse_quote! { struct Message { id: i64, #[attr(collection)] likes: Vec<Like> } });
    assert!(told.contains("#[attr(collection, via = "), "{told}");
    let told = refused(&parse_quote! { struct Message { id: i64, #[attr(model)] author: i64 } });
    assert!(told.contains("author: Option<Ref<Person>>"), "{told}");
}

#[test]
fn names_follow_rename_all() {
    let input: DeriveInput = parse_quote! {
        #[model(rename_all = "camelCase")]
        struct Message { id: i64, r#type: String, created_at: Timestamp }
    };
    let code = super::expand(&input).unwrap().to_string();
    assert!(code.contains(r#""createdAt""#) && code.contains("CREATED_AT"), "{code}");
    assert!(code.contains(r#""type""#) && code.contains("const TYPE"), "{code}");
}
