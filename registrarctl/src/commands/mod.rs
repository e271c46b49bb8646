//! One file for each subject of the command line.

mod audit;
mod both_sides;
mod config;
mod invites;
mod orgs;
mod pages;
mod registrations;
mod site;
mod status;
mod users;

use provision_api::Username;

use crate::cli::{Arguments, Command};
use crate::failure::Failure;
use crate::host::Host;
use crate::outcome::Outcome;
use crate::web::Web;

/// What commands ask.
pub(crate) struct Services<'a> {
    pub(crate) web: Web,
    pub(crate) host: Host,
    /// Hears each step of long work.
    pub(crate) on_step: &'a mut (dyn FnMut(&str) + Send),
}

/// Does what the command line asks for; `on_step` hears each step of long work.
///
/// # Errors
/// See [`Failure`].
pub async fn run(
    arguments: Arguments,
    on_step: &mut (dyn FnMut(&str) + Send),
) -> Result<Outcome, Failure> {
    let mut silent = |_: &str| ();
    let services = Services {
        web: Web::new(&arguments.web_socket),
        host: Host::new(&arguments.host_socket),
        on_step: if arguments.json { &mut silent } else { on_step },
    };
    match arguments.command {
        Command::Status => status::status(&services).await,
        Command::Registrations(asked) => registrations::run(asked, &services.web).await,
        Command::Invites(asked) => invites::run(asked, &services.web).await,
        Command::Orgs(asked) => orgs::run(asked, &services.web).await,
        Command::Users(asked) => users::run(asked, services).await,
        Command::BootstrapAdmin { name } => users::role(&name, "super_admin", &services).await,
        Command::Keys(asked) => site::keys(&asked, &services.web).await,
        Command::Audit(asked) => audit::run(&asked, &services.web).await,
        Command::Config(asked) => config::run(&asked),
        Command::Names(asked) => site::names(&asked, &services.web).await,
        Command::Completions { shell } => Ok(pages::completions(shell)),
        Command::Man { directory } => pages::manual(&directory),
    }
}

fn user_name(text: &str) -> Result<Username, Failure> {
    Username::parse(text).map_err(|e| Failure::Usage(format!("{}: {e}", text.escape_default())))
}
