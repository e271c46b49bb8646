use serde::{Deserialize, Serialize};

use crate::domain::{DisplayName, OrganisationId, Slug};

/// Which organisation an invite leads into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Joins {
    /// One that begins when the invite is accepted.
    New {
        /// What it calls itself.
        name: DisplayName,
        /// What it is to be called where names are short, with a number behind it if that is taken
        /// by then.
        slug: Slug,
    },
    /// One that there is.
    Existing {
        /// Which.
        id: OrganisationId,
    },
}
