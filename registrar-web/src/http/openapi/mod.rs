pub(in crate::http) mod auth;
pub(in crate::http) mod credentials;
pub(in crate::http) mod factor;
pub(in crate::http) mod people;
pub(in crate::http) mod receipt;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header;
use jiff::civil::Date;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
    example::ExampleBuilder, tag::TagBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::api;
use super::pages;
use super::problem::{FieldProblem, Kind, Problem, ProblemBody, Unfinished};
use super::state::AppState;
use crate::domain::{FieldErrors, ProfileRules, ReviewError, SignupForm, SignupRules, Username};
use crate::ports::ProvisionFailure;
use crate::registration::{AdminError, RegisterError, VerifyError};

pub(in crate::http) type Responses = BTreeMap<String, RefOr<Response>>;

/// The API's routes, and the document that describes them.
pub(in crate::http) fn routes() -> (Router<AppState>, OpenApi) {
    let tag = |name: &str, words: &str| {
        TagBuilder::new()
            .name(name)
            .description(Some(words))
            .build()
    };
    let document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Cosmic Registrar")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Sign-up and provisioning for a shared Linux host. JSON in camelCase, times in RFC 3339 UTC, errors as application/problem+json (RFC 9457). Every answer carries X-Request-Id; one that you send (up to 64 letters, digits, -, _ and .) is kept. Answers carry RateLimit and RateLimit-Policy.",
                ))
                .build(),
        )
        .tags(Some([
            tag("registration", "Sign up and prove the address; for everyone."),
            tag("login", "Log in, stay logged in, and see where one is logged in."),
            tag("credentials", "Password and SSH keys of one's own account."),
            tag("people", "One's own profile and account; the members and their roles."),
            tag("invites", "Bring people in."),
            tag("live", "What one is told of while it happens, and reads up afterwards."),
            tag("organizations", "Members under admins of their own, with a group on the host."),
            tag("two-factor", "What a login asks for after the password."),
            tag("admin", "Review and mend; with the admin token, or the access token of a member whose role allows it."),
            tag("internal", "For other services on the same host, by the socket that server.internal_socket names; elsewhere these answer 401."),
            tag("health", "For monitoring; never limited."),
        ]))
        .build();
    let mut document = document;
    let components = document.components.get_or_insert_with(Default::default);
    components.add_security_scheme(
        "adminToken",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(
                    "The content of the file that server.admin_token_file names",
                ))
                .build(),
        ),
    );
    components.add_security_scheme(
        "accessToken",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("The accessToken of a login or refresh"))
                .build(),
        ),
    );
    components
        .schemas
        .insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    components
        .schemas
        .insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    components
        .schemas
        .insert(Unfinished::name().into_owned(), Unfinished::schema());
    OpenApiRouter::with_openapi(document)
        .merge(api::register::routes())
        .merge(api::signup_form::routes())
        .merge(api::status::routes())
        .merge(api::verify::routes())
        .merge(api::receipt::routes())
        .merge(api::login::routes())
        .merge(api::two_factor::routes())
        .merge(api::sessions::routes())
        .merge(api::password::routes())
        .merge(api::ssh_keys::routes())
        .merge(api::profile::routes())
        .merge(api::users::routes())
        .merge(api::invites::routes())
        .merge(api::events::routes())
        .merge(api::organization::routes())
        .merge(api::organizations::routes())
        .merge(api::keys::routes())
        .merge(api::admin::routes())
        .merge(api::admin_review::routes())
        .merge(api::admin_audit::routes())
        .merge(api::admin_site::routes())
        .merge(api::internal::routes())
        .merge(api::health::routes())
        .split_for_parts()
}

/// The OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    routes().1
}

/// The routes of the document itself and of the page that shows it.
pub(in crate::http) fn documentation(document: OpenApi) -> Router<AppState> {
    let json = serde_json::to_string_pretty(&document).unwrap_or_default();
    let page = Arc::new(pages::docs::DocsBody::of(&document));
    Router::new()
        .route(
            "/api/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json) }),
        )
        .route(
            "/api/docs",
            get(move |visitor: pages::Visitor| async move { pages::docs::show(&visitor, &page) }),
        )
}

/// Answers with examples that are made of the errors themselves.
pub(in crate::http) fn of(problems: impl IntoIterator<Item = Problem>) -> Responses {
    let mut by_status: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        by_status
            .entry(problem.kind.status().as_u16())
            .or_default()
            .push(problem);
    }
    let response = |problems: Vec<Problem>| {
        let mut titles: Vec<&str> = problems.iter().map(|p| p.kind.title()).collect();
        titles.dedup();
        let examples = problems.iter().map(|p| {
            let body = p.body("/api/…", "0193a1b2-0000-7000-8000-00000000abcd");
            let example = ExampleBuilder::new()
                .summary(p.kind.title())
                .value(serde_json::to_value(body).ok())
                .build();
            (p.kind.code(), example)
        });
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ProblemBody::name())))
            .examples_from_iter(examples)
            .build();
        ResponseBuilder::new()
            .description(format!("{}.", titles.join("; ")))
            .content("application/problem+json", content)
            .build()
    };
    by_status
        .into_iter()
        .map(|(status, problems)| (status.to_string(), RefOr::T(response(problems))))
        .collect()
}

/// The answers of both, with the examples of both where they have a status in common.
pub(in crate::http) fn merged(mut first: Responses, second: Responses) -> Responses {
    for (status, response) in second {
        match (first.get_mut(&status), response) {
            (Some(RefOr::T(known)), RefOr::T(more)) => {
                known.description = format!("{} {}", known.description, more.description);
                for (kind, content) in more.content {
                    match (known.content.get_mut(&kind), content) {
                        (Some(RefOr::T(known)), RefOr::T(more)) => {
                            known.examples.extend(more.examples);
                        }
                        (_, content) => drop(known.content.insert(kind, content)),
                    }
                }
            }
            (_, response) => drop(first.insert(status, response)),
        }
    }
    first
}

pub(in crate::http) fn store_down() -> Problem {
    // What the conversion of the error gives, without the line that it logs.
    Problem::new(Kind::StoreUnavailable).retry_after(30)
}

pub(in crate::http) fn body_problems() -> [Problem; 3] {
    [
        Kind::MalformedJson,
        Kind::TooLarge,
        Kind::UnsupportedMediaType,
    ]
    .map(Problem::new)
}

pub(in crate::http) fn limited() -> Problem {
    Problem::new(Kind::TooManyRequests).retry_after(600)
}

/// What a sign-up may be answered with.
pub(in crate::http) struct RegisterProblems;
/// What a proof of address may be answered with.
pub(in crate::http) struct VerifyProblems;
/// What a route with a body may be answered with.
pub(in crate::http) struct FieldsProblems;
/// What a route may be answered with that reads a query, or more than an id from its path.
pub(in crate::http) struct ParameterProblems;
/// What a route may be answered with that reads nothing.
pub(in crate::http) struct FormProblems;
/// What every route that needs the store may be answered with.
pub(in crate::http) struct StoreProblems;
/// What a route that names a registration may be answered with.
pub(in crate::http) struct NotFoundProblems;
/// What a route with parameters in its query may be answered with.
pub(in crate::http) struct QueryProblems;
/// What admin routes may be answered with.
pub(in crate::http) struct AdminProblems;

impl IntoResponses for RegisterProblems {
    fn responses() -> Responses {
        let rules = SignupRules {
            own_domain: None,
            password: true,
            require_reason: false,
            profile: ProfileRules {
                required: Vec::new(),
                minimum_age: 13,
                today: Date::ZERO,
            },
        };
        let form = SignupForm {
            username: "Ada".into(),
            personal_email: "ada".into(),
            password: "short".into(),
            ..SignupForm::default()
        };
        let fields = form.parse(&rules).err().unwrap_or_default();
        let mut errors: Vec<Problem> = [
            Some(RegisterError::Fields(fields)),
            Some(RegisterError::Closed),
            Some(RegisterError::Full),
            Username::parse("ada")
                .ok()
                .map(|username| RegisterError::NameUnavailable {
                    username,
                    reason: "someone has it; choose another one".into(),
                }),
            Some(RegisterError::Limited {
                retry_after_seconds: 1800,
            }),
            Some(RegisterError::Busy {
                retry_after_seconds: 5,
            }),
        ]
        .into_iter()
        .flatten()
        .map(Problem::from)
        .collect();
        errors.push(store_down());
        errors.extend(body_problems());
        of(errors)
    }
}

impl IntoResponses for VerifyProblems {
    fn responses() -> Responses {
        let mut errors: Vec<Problem> = [
            VerifyError::Unknown,
            VerifyError::Expired,
            VerifyError::WrongCode { tries_left: 4 },
            VerifyError::TooManyTries,
            VerifyError::Ended,
        ]
        .into_iter()
        .map(Problem::from)
        .collect();
        errors.push(Kind::VerificationUsed.into());
        errors.extend([store_down(), limited()]);
        errors.extend(body_problems());
        of(errors)
    }
}

impl IntoResponses for FieldsProblems {
    fn responses() -> Responses {
        let mut errors = FieldErrors::default();
        errors.add("personalEmail", "required", "this field is missing");
        let mut problems = vec![Problem::from(errors), limited()];
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for ParameterProblems {
    fn responses() -> Responses {
        let problem = Problem::field(
            "cursor",
            "malformed",
            "give the nextCursor of the page before",
        );
        of([problem, limited()])
    }
}

impl IntoResponses for FormProblems {
    fn responses() -> Responses {
        of([limited()])
    }
}

impl IntoResponses for StoreProblems {
    fn responses() -> Responses {
        of([store_down(), limited()])
    }
}

impl IntoResponses for QueryProblems {
    fn responses() -> Responses {
        of([
            Problem::field("limit", "malformed", "write a number"),
            limited(),
        ])
    }
}

impl IntoResponses for NotFoundProblems {
    fn responses() -> Responses {
        of([Problem::new(Kind::NotFound)])
    }
}

impl IntoResponses for AdminProblems {
    fn responses() -> Responses {
        of([
            Problem::new(Kind::Unauthorized),
            Problem::new(Kind::InvalidToken),
            Problem::new(Kind::Forbidden),
            AdminError::NotFound.into(),
            AdminError::Review(ReviewError::Decided).into(),
            AdminError::Host(ProvisionFailure::Transient {
                message: "provisiond does not answer".into(),
                retry_after_seconds: None,
            })
            .into(),
            store_down(),
            limited(),
        ])
    }
}
