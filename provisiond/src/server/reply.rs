//! What goes back: results and errors as Varlink writes them (<https://varlink.org/Method-Call>).

use provision_api::frame::Refused;
use provision_api::{
    AccountReply, CreateGroupReply, GroupReply, INTERFACE, ProveAccountReply, ProvisionError,
    RequestId, SetGroupMembersReply, frame,
};
use serde::Serialize;

use crate::journal::Answer;

#[derive(Serialize)]
struct Reply<'a, T> {
    parameters: &'a T,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    continues: bool,
}

/// The last reply to a call.
pub(super) fn last<T: Serialize>(parameters: &T) -> Vec<u8> {
    bytes(&Reply {
        parameters,
        continues: false,
    })
}

/// A reply that others follow.
pub(super) fn continuing<T: Serialize>(parameters: &T) -> Vec<u8> {
    bytes(&Reply {
        parameters,
        continues: true,
    })
}

/// An error of the interface.
pub(super) fn error(error: &ProvisionError) -> Vec<u8> {
    bytes(error)
}

/// What a message that is no call gets.
pub(super) fn refused(refused: &Refused) -> Vec<u8> {
    match refused {
        Refused::Error(e) => error(e),
        Refused::MethodNotFound(method) => standard("MethodNotFound", "method", method),
        Refused::InterfaceNotFound(name) => standard("InterfaceNotFound", "interface", name),
    }
}

/// The last reply to a call that changed something.
pub(super) fn answer(request_id: RequestId, answer: Answer) -> Vec<u8> {
    match answer {
        Answer::Account(account) => last(&AccountReply {
            request_id,
            step: None,
            account: Some(account),
        }),
        Answer::GroupMade { gid, directory } => last(&CreateGroupReply {
            request_id,
            gid,
            directory,
        }),
        Answer::GroupMembers { added, removed } => last(&SetGroupMembersReply {
            request_id,
            added,
            removed,
        }),
        Answer::Group(group) => last(&GroupReply { request_id, group }),
        Answer::Proof(proof) => last(&ProveAccountReply { request_id, proof }),
    }
}

/// `org.varlink.service.GetInfo`.
pub(super) fn info() -> Vec<u8> {
    last(&serde_json::json!({
        "vendor": "Cosmic Registrar",
        "product": "provisiond",
        "version": env!("CARGO_PKG_VERSION"),
        "url": env!("CARGO_PKG_REPOSITORY"),
        "interfaces": ["org.varlink.service", INTERFACE],
    }))
}

/// `org.varlink.service.GetInterfaceDescription`.
pub(super) fn description(interface: &str) -> Vec<u8> {
    let text = match interface {
        INTERFACE => provision_api::INTERFACE_DESCRIPTION,
        "org.varlink.service" => SERVICE_DESCRIPTION,
        other => {
            let other: String = other
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect();
            return standard("InterfaceNotFound", "interface", &other);
        }
    };
    last(&serde_json::json!({ "description": text }))
}

fn standard(error: &str, field: &str, value: &str) -> Vec<u8> {
    bytes(&serde_json::json!({
        "error": format!("org.varlink.service.{error}"),
        "parameters": { field: value },
    }))
}

fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    frame::encode(value).unwrap_or_else(|error| {
        // Maps with text keys and plain values: this does not happen. A closed connection is all
        // that is left to say if it does.
        tracing::error!(%error, "a reply can't be written as JSON");
        Vec::new()
    })
}

/// The interface that every Varlink service has (<https://varlink.org/Service>).
const SERVICE_DESCRIPTION: &str = "\
# The Varlink Service Interface is provided by every varlink service. It
# describes the service and the interfaces it implements.
interface org.varlink.service

# Get a list of all the interfaces a service provides and information
# about the implementation.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# Get the description of an interface that is implemented by this service.
method GetInterfaceDescription(interface: string) -> (description: string)

# The requested interface was not found.
error InterfaceNotFound (interface: string)

# The requested method was not found
error MethodNotFound (method: string)

# The interface defines the requested method, but the service does not
# implement it.
error MethodNotImplemented (method: string)

# One of the passed parameters is invalid.
error InvalidParameter (parameter: string)

# Client is denied access
error PermissionDenied ()

# Method is expected to be called with 'more' set to true, but wasn't
error ExpectedMore ()
";
