use super::{Cookies, Id};
use crate::config::{Config, Environment, SameSite};

fn config(environment: Environment) -> Config {
    Config::load_with(std::path::Path::new("/nonexistent"), environment, &[]).unwrap()
}

fn cookies(environment: Environment, secrets: &[&str]) -> Cookies {
    let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
    Cookies::new(&config(environment), &secrets).unwrap()
}

fn pair(cookies: &Cookies, id: &Id) -> String {
    let header = cookies.set(id).unwrap();
    header.to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn the_cookie_is_for_this_host_https_and_no_script_in_production() {
    let header = cookies(Environment::Production, &["a"]).set(&Id::random().unwrap()).unwrap();
    let text = header.to_str().unwrap();
    assert!(text.starts_with("__Host-regatta="), "{text}");
    assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{text}");
    let header = cookies(Environment::Development, &["a"]).expire().unwrap();
    assert_eq!(header, "regatta=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

#[test]
fn other_sites_send_it_as_configured_and_never_without_encryption() {
    let attributes = |environment, same_site, secure| {
        let mut config = config(environment);
        (config.session.same_site, config.session.cookie_secure) = (same_site, secure);
        let cookies = Cookies::new(&config, &["a".to_owned()]).map_err(|refused| refused.to_string())?;
        Ok(cookies
            .set(&Id::random().unwrap())
            .unwrap()
            .to_str()
            .unwrap()
            .split_once("; ")
            .unwrap()
            .1
            .to_owned())
    };
    let production = |same_site| attributes(Environment::Production, same_site, None);
    let told = |text: &str| Ok::<_, String>(text.to_owned());
    assert_eq!(production(SameSite::Strict), told("Path=/; HttpOnly; SameSite=Strict; Secure"));
    assert_eq!(production(SameSite::None), told("Path=/; HttpOnly; SameSite=None; Secure"));
    let plain = attributes(Environment::Development, SameSite::None, None).unwrap_err();
    assert!(plain.contains("session.cookie_secure = true"), "{plain}");
    let secure = attributes(Environment::Development, SameSite::None, Some(true));
    assert_eq!(secure, told("Path=/; HttpOnly; SameSite=None; Secure"));
}

#[test]
fn an_id_comes_back_from_among_other_cookies() {
    let (cookies, id) = (cookies(Environment::Test, &["a"]), Id::random().unwrap());
    let header = format!("x=1; regatta=forged; {}; y=2", pair(&cookies, &id));
    let (read, presented) = cookies.read(["z=3", &header]);
    assert_eq!((read, presented.outdated, presented.any), (Some(id), false, true));
}

#[test]
fn what_no_secret_signed_is_no_session() {
    let (cookies, id) = (cookies(Environment::Test, &["a"]), Id::random().unwrap());
    let good = pair(&cookies, &id);
    let other = pair(&self::cookies(Environment::Test, &["b"]), &id);
    let (value, signature) = good.strip_prefix("regatta=").unwrap().split_once('.').unwrap();
    let short = format!("regatta={value}.{}", &signature[..8]);
    let swapped = format!("regatta={signature}.{value}");
    for forged in [&*other, &short, &swapped, "regatta=", "regatta=.", "regatta=ä.ö", "regatta", "=", ";;"]
    {
        assert_eq!(cookies.read([forged]).0, None, "{forged}");
    }
    assert!(!cookies.read(["other=1"]).1.any);
}

#[test]
fn an_older_secret_still_verifies_and_asks_for_a_new_cookie() {
    let (old, both) = (cookies(Environment::Test, &["old"]), cookies(Environment::Test, &["new", "old"]));
    let id = Id::random().unwrap();
    let (read, presented) = both.read([&*pair(&old, &id)]);
    assert_eq!((read, presented.outdated), (Some(id.clone()), true));
    assert!(!both.read([&*pair(&both, &id)]).1.outdated);
}

#[test]
fn a_name_browsers_would_refuse_is_refused_at_start() {
    let mut config = config(Environment::Production);
    config.session.cookie_secure = Some(false);
    assert_eq!(Cookies::new(&config, &[]).unwrap().name(), "regatta");
    config.session.cookie_name = Some("__Host-x".to_owned());
    let refused = Cookies::new(&config, &[]).err().unwrap().to_string();
    assert!(refused.contains("session.cookie_secure = true"), "{refused}");
    config.session.cookie_name = Some("a;b".to_owned());
    assert!(Cookies::new(&config, &[]).is_err());
}
