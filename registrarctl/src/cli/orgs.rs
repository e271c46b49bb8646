use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Orgs {
    /// List them, oldest first
    List {
        /// Those whose name or slug has this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show one: what it is called, who runs it, how the host follows
    Show(WhichOrg),
    /// List the members of one, in the order in which they joined
    Members {
        #[command(flatten)]
        which: WhichOrg,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Begin one, without members
    Create {
        /// As its people write it
        name: String,
        /// Its short name, and that of its group on the host; made of the name when left out
        #[arg(long)]
        slug: Option<String>,
    },
    /// Call one otherwise
    Rename {
        #[command(flatten)]
        which: WhichOrg,
        /// As its people write it
        #[arg(long, required_unless_present = "slug")]
        name: Option<String>,
        /// Its short name; it stays once the host has the group
        #[arg(long)]
        slug: Option<String>,
    },
    /// What logins of its members ask for after the password
    SetTwoFactor {
        #[command(flatten)]
        which: WhichOrg,
        /// A code of an authenticator, a mailed one, or what each has chosen
        #[arg(value_parser = ["totp", "email", "none"])]
        method: String,
    },
    /// Take a member in, or give one the other role there
    Add {
        #[command(flatten)]
        which: WhichOrg,
        /// The user name
        member: String,
        /// Whether they run it
        #[arg(long, value_parser = ["client_admin", "client_user"], default_value = "client_user")]
        role: String,
    },
    /// Take a member out; the account stays
    Remove {
        #[command(flatten)]
        which: WhichOrg,
        /// The user name
        member: String,
    },
    /// Have the host asked again at once for the group and its members
    Retry(WhichOrg),
}

#[derive(Debug, Args)]
pub(crate) struct WhichOrg {
    /// Its id, or its slug
    #[arg(value_name = "ID|SLUG")]
    pub(crate) which: String,
}
