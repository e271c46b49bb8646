use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{FieldKind, FormField, Mode, Places};
use crate::http::state::Site;

/// The sign-up form.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignUpFormAnswer {
    /// Whose form it is.
    pub community: CommunityAnswer,
    /// `closed`, `invite`, `approval` or `open`.
    #[schema(value_type = String, example = "open")]
    pub mode: Mode,
    /// The same for people; also that all places are taken.
    #[schema(example = "Registration is open to everyone.")]
    pub mode_words: String,
    /// How many places are taken; `null` where there is no end of them.
    pub places: Option<PlacesAnswer>,
    /// The fields, in the order in which to ask for them.
    pub fields: Vec<FormFieldAnswer>,
}

/// How many places a community has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlacesAnswer {
    /// By members, and by those who are signing up.
    #[schema(example = 37)]
    pub taken: u64,
    /// There are so many.
    #[schema(example = 200)]
    pub all: u32,
}

/// What a community says of itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommunityAnswer {
    /// What it is called.
    #[schema(example = "Tilde Example")]
    pub name: String,
    /// Its mail domain, and the name to `ssh` to.
    #[schema(example = "tilde.example")]
    pub domain: String,
    /// A paragraph.
    pub welcome: String,
    /// Where its pages are.
    #[schema(example = "https://tilde.example")]
    pub url: String,
}

/// A field of the sign-up form.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FormFieldAnswer {
    /// Its name in the body of `POST /api/auth/register`.
    #[schema(example = "personalEmail")]
    pub name: &'static str,
    /// What people know it by.
    #[schema(example = "Your e-mail address")]
    pub label: &'static str,
    /// Its rule and its use; may be empty.
    pub hint: String,
    /// `line`, `email`, `secret` (not to be shown), `date` (as 1990-12-31), `paragraph` or `keys`
    /// (lines, each an SSH public key).
    #[schema(value_type = String, example = "email")]
    pub kind: FieldKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// The most characters.
    #[schema(example = 254)]
    pub longest: u16,
    /// Whether everybody is asked for it; `false` for what only those tell who like to.
    pub is_main: bool,
}

impl SignUpFormAnswer {
    pub(crate) fn of(site: &Site, places: Option<Places>) -> Self {
        let full = places.filter(|p| p.is_full()).map(Places::words);
        let mode_words = [Some(site.mode.words().to_owned()), full];
        Self {
            community: CommunityAnswer {
                name: site.name.clone(),
                domain: site.domain.clone(),
                welcome: site.welcome.clone(),
                url: site.public_url.clone(),
            },
            mode: site.mode,
            mode_words: mode_words
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
            places: places.map(|places| PlacesAnswer {
                taken: places.taken,
                all: places.all,
            }),
            fields: site
                .form_rules()
                .fields()
                .into_iter()
                .map(Into::into)
                .collect(),
        }
    }
}

impl From<FormField> for FormFieldAnswer {
    fn from(field: FormField) -> Self {
        Self {
            name: field.name,
            label: field.label,
            hint: field.hint,
            kind: field.kind,
            required: field.required,
            longest: field.longest,
            is_main: field.is_main,
        }
    }
}
