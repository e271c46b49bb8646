//! What a reader of an error learns, and what it never shows.

use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize;
use strict_config::{ConfigError, load, load_with, parse, parse_with};

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Config {
    mail: Mail,
    server: Server,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Mail {
    transport: Transport,
    port: u16,
    password: String,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Server {
    trusted_proxies: Vec<std::net::IpAddr>,
    name: Name,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Smtp,
    Sendmail,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.contains(' ') {
            Err(format!("{text} must hold no blank"))
        } else {
            Ok(Self(text))
        }
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

fn error_of(text: &str) -> String {
    parse::<Config>(text, "registrar.toml")
        .unwrap_err()
        .to_string()
}

fn error_with(text: &str, pairs: &[(&str, &str)]) -> String {
    parse_with::<Config, _>(text, "registrar.toml", "REGISTRAR", variables(pairs))
        .unwrap_err()
        .to_string()
}

#[test]
fn an_unknown_key_is_named_with_line_column_and_nearest_key() {
    assert_eq!(
        error_of("# mail\n[mail]\n  transprot = \"smtp\"\n"),
        "registrar.toml:3:3: unknown key `mail.transprot`; did you mean `transport`?"
    );
}

#[test]
fn an_unknown_section_is_named_with_the_nearest_section() {
    assert_eq!(
        error_of("[sever]\nname = \"x\"\n"),
        "registrar.toml:1:2: unknown key `sever`; did you mean `server`?"
    );
}

#[test]
fn an_unknown_key_near_to_nothing_lists_the_known_ones() {
    assert_eq!(
        error_of("[mail]\nzzz = 1\n"),
        "registrar.toml:2:1: unknown key `mail.zzz`; known here: transport, port, password"
    );
}

#[test]
fn a_wrong_type_names_key_and_rule_but_not_the_value() {
    assert_eq!(
        error_of("[mail]\nport = \"hunter2\"\n"),
        "registrar.toml:2:8: `mail.port`: is a string, must be u16"
    );
    assert_eq!(
        error_of("[mail]\nport = 70000\n"),
        "registrar.toml:2:8: `mail.port`: is a whole number, must be u16"
    );
}

#[test]
fn a_wrong_choice_names_the_choices_but_not_the_value() {
    assert_eq!(
        error_of("[mail]\ntransport = \"hun`ter2, expected\"\n"),
        "registrar.toml:2:13: `mail.transport`: must be one of smtp, sendmail"
    );
}

#[test]
fn a_rule_of_the_callers_own_that_repeats_the_value_loses_it() {
    assert_eq!(
        error_of("[server]\nname = \"hunter 2\"\n"),
        "registrar.toml:2:8: `server.name`: … must hold no blank"
    );
}

#[test]
fn a_wrong_item_of_a_list_is_named_by_its_index() {
    assert_eq!(
        error_of("[server]\ntrusted_proxies = [\"127.0.0.1\", \"x\"]\n"),
        "registrar.toml:2:33: `server.trusted_proxies[1]`: invalid IP address syntax"
    );
}

#[test]
fn a_syntax_error_names_line_and_column_but_not_the_text() {
    let error = error_of("[mail]\npassword = \"hunter2\n");
    assert!(error.starts_with("registrar.toml:2:"), "{error}");
    assert!(
        error.contains("not valid TOML") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn a_key_given_twice_is_refused() {
    let error = error_of("[mail]\nport = 25\nport = 26\n");
    assert!(
        error.starts_with("registrar.toml:3:1: not valid TOML: duplicate key"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = load::<Config>(Path::new("/nonexistent/registrar.toml"), "X").unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
    assert!(error.to_string().contains("/nonexistent/registrar.toml"));
}

#[test]
fn a_variable_replaces_a_key_and_makes_its_section() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registrar.toml");
    std::fs::write(&path, "[mail]\nport = 25\ntransport = \"smtp\"\n").unwrap();
    let environment = variables(&[
        ("REGISTRAR__MAIL__TRANSPORT", "sendmail"),
        ("REGISTRAR__MAIL__PORT", "2525"),
        (
            "REGISTRAR__SERVER__TRUSTED_PROXIES",
            "[\"127.0.0.1\", \"::1\"]",
        ),
        ("REGISTRAR_TEST_MONGODB_URI", "not ours"),
        ("HOME", "/root"),
    ]);
    let config: Config = load_with(&path, "REGISTRAR", environment).unwrap();
    assert_eq!(config.mail.transport, Transport::Sendmail);
    assert_eq!(config.mail.port, 2525);
    assert_eq!(config.server.trusted_proxies.len(), 2);
}

#[test]
fn a_variable_that_looks_like_a_number_can_be_a_string() {
    let environment = variables(&[
        ("REGISTRAR__MAIL__PASSWORD", "12345"),
        ("REGISTRAR__SERVER__NAME", "true"),
    ]);
    let config: Config = parse_with("", "registrar.toml", "REGISTRAR", environment).unwrap();
    assert_eq!(config.mail.password, "12345");
    assert_eq!(config.server.name, Name("true".to_owned()));
}

#[test]
fn a_wrong_variable_is_named_without_its_value() {
    assert_eq!(
        error_with(
            "[mail]\nport = 25\n",
            &[("REGISTRAR__MAIL__PORT", "hunter2")]
        ),
        "environment variable REGISTRAR__MAIL__PORT: `mail.port`: is a string, must be u16"
    );
    assert_eq!(
        error_with("", &[("REGISTRAR__MAIL__PORT", "70000")]),
        "environment variable REGISTRAR__MAIL__PORT: `mail.port`: is a whole number, must be u16"
    );
    assert_eq!(
        error_with(
            "",
            &[("REGISTRAR__SERVER__TRUSTED_PROXIES", "[\"hunter2\"]")]
        ),
        "environment variable REGISTRAR__SERVER__TRUSTED_PROXIES: \
         `server.trusted_proxies[0]`: invalid IP address syntax"
    );
}

#[test]
fn a_variable_for_no_key_is_named_with_the_nearest_key() {
    assert_eq!(
        error_with("[mail]\nport = 25\n", &[("REGISTRAR__MAIL__PROT", "25")]),
        "environment variable REGISTRAR__MAIL__PROT: \
         unknown key `mail.prot`; did you mean `port`?"
    );
    assert_eq!(
        error_with("", &[("REGISTRAR__MIAL__PORT", "25")]),
        "environment variable REGISTRAR__MIAL__PORT: unknown key `mial`; did you mean `mail`?"
    );
}

#[test]
fn a_variable_with_an_empty_part_is_refused() {
    let error = error_with("", &[("REGISTRAR__MAIL__", "x")]);
    assert!(
        error.starts_with("environment variable REGISTRAR__MAIL__: must be"),
        "{error}"
    );
}

#[test]
fn an_error_in_the_file_is_not_blamed_on_a_variable() {
    let error = error_with(
        "[mail]\nport = \"x\"\n",
        &[("REGISTRAR__SERVER__NAME", "x")],
    );
    assert!(error.starts_with("registrar.toml:2:8"), "{error}");
}
