mod orgs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use orgs::{Orgs, WhichOrg};

const ROLES: [&str; 5] = [
    "super_admin",
    "site_admin",
    "operator",
    "client_admin",
    "client_user",
];

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, or the answer is that something is not as it should be
  2  the command line is wrong
  3  there is nothing of that name
  4  refused: not allowed, or not in this state
  5  a service can't be reached

Run it as root or as a member of registrar-admin. What you do is in the audit log, under your name.";

/// Runs Cosmic Registrar: registrations, members, invites, keys, the audit log.
#[derive(Debug, Parser)]
#[command(name = "registrarctl", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub json: bool,
    /// The admin socket of registrar-web
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "/run/registrar-web/admin.sock",
        hide_short_help = true
    )]
    pub web_socket: PathBuf,
    /// The admin socket of provisiond
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "/run/provisiond/admin.sock",
        hide_short_help = true
    )]
    pub host_socket: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Whether both services can do their work, and how much there is to do
    Status,
    /// Who wants to join
    #[command(subcommand)]
    Registrations(Registrations),
    /// Invites to join
    #[command(subcommand)]
    Invites(Invites),
    /// Members and their accounts on the host
    #[command(subcommand)]
    Users(Users),
    /// Organisations, their members and their groups on the host
    #[command(subcommand)]
    Orgs(Orgs),
    /// Make an active member the first super admin
    BootstrapAdmin {
        /// The member
        name: String,
    },
    /// The keys that access tokens are signed with
    #[command(subcommand)]
    Keys(Keys),
    /// Who did what to whom
    Audit(Audit),
    /// The settings of both services
    #[command(subcommand)]
    Config(Config),
    /// Names of accounts
    #[command(subcommand)]
    Names(Names),
    /// Print what a shell needs to complete this command
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Man {
        /// Where
        directory: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Registrations {
    /// List them, oldest first
    List {
        /// Which
        #[arg(long, value_enum, default_value_t = Filter::All)]
        filter: Filter,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show one
    Show(Which),
    /// Take one up that waits for review, so that nobody else decides about it for a while
    Claim {
        #[command(flatten)]
        which: Which,
        /// Also when another reviewer has it
        #[arg(long)]
        take_over: bool,
    },
    /// Give up one that you have taken up, so that others may decide about it
    Release(Which),
    /// Write a note about one, for reviewers alone
    Note {
        #[command(flatten)]
        which: Which,
        /// The note
        #[arg(long)]
        text: String,
    },
    /// Ask the applicant something, by mail; the answer stands in `show`
    Ask {
        #[command(flatten)]
        which: Which,
        /// The question
        #[arg(long)]
        text: String,
    },
    /// Let one that waits for review go on
    Approve(Which),
    /// End one; the person reads the reason on the receipt and in a mail
    Reject {
        #[command(flatten)]
        which: Which,
        /// What the person is told
        #[arg(long)]
        reason: String,
    },
    /// Try a step again now that failed for the time being
    Retry(Which),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Filter {
    All,
    InReview,
    Failed,
}

impl Filter {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::InReview => "in-review",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Its id, or the user name
    #[arg(value_name = "ID|NAME")]
    pub(crate) which: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Invites {
    /// Make one; its link is told this once
    Create {
        /// The one address that may register with it; a mail goes there
        #[arg(long)]
        email: Option<String>,
        /// What it makes of who accepts
        #[arg(long, value_parser = ROLES)]
        role: Option<String>,
        /// The organisation that begins when its admin accepts
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
        /// Its short name; alone, the organisation of that slug
        #[arg(long, value_name = "SLUG")]
        organization_slug: Option<String>,
        /// A word to who gets it
        #[arg(long)]
        message: Option<String>,
        /// How many may register with it
        #[arg(long)]
        uses: Option<u32>,
    },
    /// List them, oldest first
    List {
        /// Those in that state alone
        #[arg(long, value_parser = ["open", "claimed", "used", "revoked", "expired"])]
        state: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Take one back
    Revoke {
        /// Its id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// List the accounts that provisiond made, and what the web has of them
    List {
        /// Those in that state alone
        #[arg(long, value_parser = ["locked", "active", "suspended", "archived", "removed"])]
        state: Option<String>,
    },
    /// Show one: what the host and the web say
    Show(Name),
    /// Give a member another role, which holds from the next request on
    Role {
        #[command(flatten)]
        name: Name,
        /// The role
        #[arg(value_parser = ROLES)]
        role: String,
    },
    /// No login here or on the web, no process, no mail; all data stays
    Suspend {
        #[command(flatten)]
        name: Name,
        /// Why, for the other admins
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        host: HostOnly,
    },
    /// Undo a suspension
    Resume(Name),
    /// Pack a suspended account's home away and delete the Linux user
    Archive {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        host: HostOnly,
    },
    /// Make an archived account again, suspended
    Restore(Name),
    /// Remove a suspended or archived account for good, with home and mail
    Remove {
        #[command(flatten)]
        name: Name,
        /// Yes, for good: nothing brings it back
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        host: HostOnly,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct HostOnly {
    /// On the host, whatever the web says: when it is taken over, or must not be asked
    #[arg(long)]
    pub(crate) host_only: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Name {
    /// The user name
    pub(crate) name: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Sign with a new key from now on; nobody is logged out
    Rotate,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// What someone of that name did
    #[arg(long, group = "by")]
    pub(crate) actor: Option<String>,
    /// Where that was done
    #[arg(long, group = "by")]
    pub(crate) action: Option<String>,
    /// What was done to someone or something of that name
    #[arg(long, group = "by")]
    pub(crate) subject: Option<String>,
    /// At most so many entries, the newest
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    /// Check that no entry was changed or taken out
    #[arg(long, conflicts_with = "by")]
    pub(crate) verify: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Read both files as the services would, and say what is wrong with them
    Check {
        /// Of registrar-web
        #[arg(
            long,
            value_name = "FILE",
            default_value = "/etc/registrar/registrar.toml"
        )]
        web: PathBuf,
        /// Of provisiond
        #[arg(
            long,
            value_name = "FILE",
            default_value = "/etc/registrar/provisiond.toml"
        )]
        host: PathBuf,
        /// Where the two programs are
        #[arg(
            long,
            value_name = "DIRECTORY",
            default_value = "/usr/sbin",
            hide = true
        )]
        programs: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Names {
    /// Whether a new account could have the name now
    Check {
        /// The name
        name: String,
    },
}
