//! `etc/registrar.toml` promises to show every key with its default.

use registrar_web::config::Config;

const SHIPPED: &str = include_str!("../../etc/registrar.toml");

fn parse(text: &str) -> Config {
    strict_config::parse(text, "etc/registrar.toml").unwrap()
}

#[test]
fn the_shipped_file_is_the_defaults() {
    let shipped = parse(SHIPPED);
    assert_eq!(format!("{shipped:#?}"), format!("{:#?}", Config::default()));
    assert!(shipped.check().is_ok());
}

#[test]
fn the_keys_shown_as_comments_are_keys() {
    let all: String = SHIPPED
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => rest,
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(parse(&all).store.uri_file.is_some());
}

#[test]
fn no_key_is_left_out() {
    // A key that is not known makes strict-config list those that are.
    for section in [
        "server",
        "community",
        "registration",
        "review",
        "accounts",
        "auth",
        "roles.may_invite",
        "invites",
        "store",
        "mail",
        "provision",
        "limits",
        "log",
    ] {
        let text = format!("[{section}]\nxxxxxxxx = 1\n");
        let Err(strict_config::ConfigError::UnknownKey { known, .. }) =
            strict_config::parse::<Config>(&text, "x")
        else {
            panic!("[{section}] takes any key");
        };
        for key in known {
            let shown = SHIPPED.lines().any(|line| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{key} = "))
            });
            assert!(shown, "{section}.{key} is not in etc/registrar.toml");
        }
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}
