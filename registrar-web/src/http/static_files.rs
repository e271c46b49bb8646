use std::sync::LazyLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use sha2::{Digest, Sha256};

use super::extract::PathText;
use super::problem::{Kind, Problem};
use super::state::AppState;

/// A file of the program itself, under a name that changes with its content, so that browsers may
/// keep it for good.
struct StaticFile {
    name: String,
    media_type: &'static str,
    content: &'static str,
}

/// Where pages find the files.
#[derive(Clone, Debug)]
pub(super) struct Assets {
    /// The stylesheet.
    pub style: String,
    /// The ES module.
    pub script: String,
    /// The ES module for those who are signed in.
    pub live: String,
    /// The icon.
    pub icon: String,
}

static FILES: LazyLock<[StaticFile; 4]> = LazyLock::new(|| {
    let file = |stem, end, media_type, content: &'static str| StaticFile {
        name: hashed(stem, end, content),
        media_type,
        content,
    };
    [
        file(
            "registrar",
            "css",
            "text/css; charset=utf-8",
            include_str!("../../static/registrar.css"),
        ),
        file(
            "registrar",
            "js",
            "text/javascript; charset=utf-8",
            include_str!("../../static/registrar.js"),
        ),
        file(
            "live",
            "js",
            "text/javascript; charset=utf-8",
            include_str!("../../static/live.js"),
        ),
        file(
            "icon",
            "svg",
            "image/svg+xml",
            include_str!("../../static/icon.svg"),
        ),
    ]
});

/// The paths for pages.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let [style, script, live, icon] = &*FILES;
    let path = |f: &StaticFile| format!("/static/{}", f.name);
    Assets {
        style: path(style),
        script: path(script),
        live: path(live),
        icon: path(icon),
    }
});

fn hashed(stem: &str, end: &str, content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    let short: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    format!("{stem}.{short}.{end}")
}

/// The route of the files.
pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/static/{name}", get(serve))
}

async fn serve(PathText(name): PathText) -> Response {
    match FILES.iter().find(|f| f.name == name) {
        Some(file) => (
            [
                (header::CONTENT_TYPE, file.media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            file.content,
        )
            .into_response(),
        None => Problem::new(Kind::NotFound).into_response(),
    }
}
