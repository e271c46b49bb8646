use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{FormPage, alert};
use crate::domain::{ProfileForm, User};
use crate::http::extract::Form;
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::Field;
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::Visitor;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;

/// `GET /account/profile`
pub(super) async fn show(who: SignedIn) -> Response {
    let told = told(&who.caller.user);
    write(&who.visitor, |name| told(name), None)
}

/// `POST /account/profile`
pub(super) async fn submit(
    State(state): State<AppState>,
    who: SignedIn,
    OurForm(form): OurForm,
) -> Response {
    let id = who.caller.user.id;
    let edited = state.people.edit(&who.acting(), id, read(&form)).await;
    match edited.map_err(Problem::from) {
        Ok(_) => Flash::new("profile-changed").on("/account/profile"),
        Err(problem) if problem.kind == Kind::InvalidFields => {
            let typed = |name: &str| form.text(name).to_owned();
            write(&who.visitor, typed, Some(&problem))
        }
        Err(problem) => problem.into_response(),
    }
}

fn read(form: &Form) -> ProfileForm {
    ProfileForm {
        first_name: form.optional("firstName"),
        last_name: form.optional("lastName"),
        country: form.optional("country"),
        birth_date: form.optional("birthDate"),
        sim_frequency: form.optional("simFrequency").map(Into::into),
        bio: form.optional("bio"),
        links: lines(form.text("links")),
        display_name: Some(form.text("displayName").to_owned()),
    }
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    lines.map(str::to_owned).collect()
}

/// What a member tells, by the name of the field.
fn told(user: &User) -> impl Fn(&str) -> String {
    let profile = user.profile.clone();
    let name = user.display_name.to_string();
    move |field| {
        let text = match field {
            "displayName" => Some(name.clone()),
            "firstName" => profile.first_name.as_ref().map(|n| n.as_str().to_owned()),
            "lastName" => profile.last_name.as_ref().map(|n| n.as_str().to_owned()),
            "country" => profile.country.as_ref().map(|c| c.as_str().to_owned()),
            "birthDate" => profile.birth_date.map(|d| d.to_string()),
            "simFrequency" => profile.sim_frequency.clone(),
            "bio" => profile.bio.as_ref().map(|b| b.as_str().to_owned()),
            "links" => {
                let links = profile.links.iter().map(|l| l.as_str());
                Some(links.collect::<Vec<_>>().join("\n"))
            }
            _ => None,
        };
        text.unwrap_or_default()
    }
}

fn write(
    visitor: &Visitor,
    value_of: impl Fn(&str) -> String,
    problem: Option<&Problem>,
) -> Response {
    let all = visitor.site().form_rules().fields();
    let mut fields: Vec<Field> = Vec::new();
    // The fields of the sign-up that are of a person, in its words.
    let of_a_person = all.iter().filter(|f| f.name == "displayName" || !f.is_main);
    fields.extend(of_a_person.map(|f| Field::of(visitor, f)));
    let t = |key| visitor.t(key);
    let bio = Field::new("bio", "textarea", t("profile-bio"), t("profile-bio-hint"));
    let links = Field::new(
        "links",
        "textarea",
        t("profile-links"),
        t("profile-links-hint"),
    );
    fields.extend([bio.at_most(2000), links.at_most(2200)]);
    let fill = |field: Field| {
        let value = value_of(field.name);
        let mut field = field.with(value).judged(visitor, problem);
        if field.name == "displayName" {
            field.required = true;
            field.hint = t("profile-name-hint").to_string();
        }
        field
    };
    FormPage {
        page: visitor.page(t("profile-title")).of("profile"),
        alert: alert(visitor, problem),
        lead: t("profile-lead").to_string(),
        action: "/account/profile",
        fields: fields.into_iter().map(fill).collect(),
        button: t("profile-button").to_string(),
    }
    .write(problem)
}
