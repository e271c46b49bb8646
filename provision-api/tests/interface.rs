//! The interface definition says what the Rust types accept and answer.

use std::collections::{BTreeMap, BTreeSet};

use provision_api::frame::{Body, parse_call};
use provision_api::{
    Account, AccountReply, AccountState, CheckUsernameReply, CreateGroupReply, DisplayName,
    Finding, GetAccountReply, Group, GroupName, GroupReply, GroupState, HealthReply, HostView,
    INTERFACE, INTERFACE_DESCRIPTION, ListAccountsReply, LoginProof, ProveAccountReply,
    ProvisionError, RegistrationId, RequestId, SetGroupMembersReply, Step, Username, Verdict,
};
use serde::Serialize;
use serde_json::{Value, json};
use zlink::idl::{CustomType, Interface};

const ID: &str = "0193a1b2-0000-7000-8000-00000000abcd";

fn interface() -> Interface<'static> {
    INTERFACE_DESCRIPTION
        .try_into()
        .expect("the definition parses")
}

fn keys(value: &impl Serialize) -> BTreeSet<String> {
    let value = serde_json::to_value(value).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

/// A good value for each parameter that any method has.
fn sample(name: &str) -> Value {
    match name {
        "requestId" | "registrationId" => json!(ID),
        "username" | "after" => json!("ada"),
        "name" => json!("crew"),
        "members" => json!(["ada", "bob"]),
        "displayName" => json!("Ada"),
        "passwordHash" => json!("$2b$12$abcdefghijklmnopqrstuu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K"),
        "sshKeys" => json!([]),
        "limit" => json!(10),
        other => panic!("no sample for {other}"),
    }
}

#[test]
fn every_method_is_accepted_with_just_the_parameters_that_the_definition_names() {
    let interface = interface();
    assert_eq!(interface.name().to_string(), INTERFACE);
    let mut methods = 0;
    for method in interface.methods() {
        methods += 1;
        let parameters: BTreeMap<String, Value> = method
            .inputs()
            .map(|p| (p.name().to_string(), sample(p.name().as_ref())))
            .collect();
        let call =
            json!({ "method": format!("{INTERFACE}.{}", method.name()), "parameters": parameters });
        let read =
            parse_call(call.to_string().as_bytes()).unwrap_or_else(|e| panic!("{call}: {e:?}"));
        let Body::Provision(read) = read.body else {
            panic!()
        };
        assert_eq!(read.name(), method.name().to_string());
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(
            written["parameters"],
            json!(parameters),
            "{}",
            method.name()
        );
    }
    assert_eq!(methods, 23);
}

#[test]
fn every_reply_has_just_the_fields_that_the_definition_names() {
    let request_id = RequestId::parse(ID).unwrap();
    let account = account();
    let next = Some(Username::parse("ada").unwrap());
    let change = keys(&AccountReply {
        request_id,
        step: Some(Step::Group),
        account: Some(account.clone()),
    });
    for method in interface().methods() {
        let want: BTreeSet<String> = method.outputs().map(|p| p.name().to_string()).collect();
        let got = match method.name().to_string().as_str() {
            "CheckUsername" => keys(&CheckUsernameReply {
                request_id,
                available: false,
                reason: Some(String::new()),
            }),
            "GetAccount" => keys(&GetAccountReply {
                request_id,
                account: account.clone(),
                host: HostView::default(),
            }),
            "ProveAccount" => keys(&ProveAccountReply {
                request_id,
                proof: LoginProof {
                    login: finding(),
                    mailbox: finding(),
                    neomutt: finding(),
                },
            }),
            "Health" => keys(&HealthReply {
                request_id,
                ready: true,
                problems: Vec::new(),
                version: String::new(),
                accounts: 0,
                created_this_hour: 0,
                create_limit_per_hour: 0,
                mail_domain: String::new(),
            }),
            "ListAccounts" => keys(&ListAccountsReply {
                request_id,
                accounts: Vec::new(),
                next: next.clone(),
            }),
            "CreateGroup" => keys(&CreateGroupReply {
                request_id,
                gid: 1,
                directory: String::new(),
            }),
            "SetGroupMembers" => keys(&SetGroupMembersReply {
                request_id,
                added: Vec::new(),
                removed: Vec::new(),
            }),
            "GetGroup" | "ArchiveGroup" | "RestoreGroup" | "RemoveGroup" => keys(&GroupReply {
                request_id,
                group: group(),
            }),
            _ => change.clone(),
        };
        assert_eq!(got, want, "{}", method.name());
    }
}

#[test]
fn the_types_of_the_definition_are_the_types_of_the_code() {
    for custom in interface().custom_types() {
        match custom {
            CustomType::Object(object) => {
                let want: BTreeSet<String> =
                    object.fields().map(|f| f.name().to_string()).collect();
                let got = match object.name().to_string().as_str() {
                    "Account" => keys(&account()),
                    "HostView" => keys(&HostView::default()),
                    "Group" => keys(&group()),
                    "Finding" => keys(&finding()),
                    other => panic!("unknown type {other}"),
                };
                assert_eq!(got, want);
            }
            CustomType::Enum(choice) => {
                use AccountState::{Active, Archived, Locked, Removed, Suspended};
                let want: Vec<String> = choice.variants().map(|v| v.name().to_string()).collect();
                let got = match choice.name().to_string().as_str() {
                    "AccountState" => [Locked, Active, Suspended, Archived, Removed]
                        .map(word)
                        .to_vec(),
                    "Verdict" => [Verdict::Ok, Verdict::Failed, Verdict::NotApplicable]
                        .map(word)
                        .to_vec(),
                    "GroupState" => {
                        use GroupState::{Active, Archived, Removed};
                        [Active, Archived, Removed].map(word).to_vec()
                    }
                    other => panic!("unknown type {other}"),
                };
                assert_eq!(got, want);
            }
        }
    }
}

#[test]
fn every_error_of_the_definition_is_one_of_the_code_with_the_same_fields() {
    for error in interface().errors() {
        let group = error.name().to_string().contains("Group");
        let parameters: BTreeMap<String, Value> = error
            .fields()
            .map(|f| {
                let name = f.name().to_string();
                let value = match name.as_str() {
                    "retryAfterSeconds" => json!(1),
                    "state" if group => json!("archived"),
                    "state" => json!("locked"),
                    _ => json!("x"),
                };
                (name, value)
            })
            .collect();
        let wire =
            json!({ "error": format!("{INTERFACE}.{}", error.name()), "parameters": parameters });
        let read: ProvisionError =
            serde_json::from_value(wire.clone()).unwrap_or_else(|e| panic!("{wire}: {e}"));
        assert_eq!(serde_json::to_value(&read).unwrap(), wire);
    }
}

fn word(state: impl Serialize) -> String {
    let value = serde_json::to_value(state).unwrap();
    value.as_str().unwrap().to_owned()
}

fn group() -> Group {
    Group {
        name: GroupName::parse("crew").unwrap(),
        gid: 1,
        members: Vec::new(),
        directory: "/home/groups/crew".into(),
        state: GroupState::Active,
    }
}

fn finding() -> Finding {
    Finding {
        verdict: Verdict::Ok,
        detail: String::new(),
    }
}

fn account() -> Account {
    Account {
        username: Username::parse("ada").unwrap(),
        display_name: DisplayName::parse("Ada").unwrap(),
        registration_id: RegistrationId::parse(ID).unwrap(),
        uid: 1,
        gid: 1,
        home: "/home/ada".into(),
        state: AccountState::Active,
        mail_configured: true,
        ssh_key_count: 0,
        has_password: false,
        created_at: 0,
        activated_at: Some(0),
    }
}
