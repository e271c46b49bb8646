use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::extract::read;
use super::live::socket_io;

/// Waits for the whole body before anyone asks who sends it. Who may do what is judged then, by what
/// the store says at that moment: a request that was begun and held back by someone who has been
/// suspended since does nothing.
pub(super) async fn await_it(request: Request, next: Next) -> Response {
    // It reads its bodies itself, and what it lets in it asks for anew.
    if request.uri().path().starts_with(socket_io::PATH) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match read(body).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(problem) => problem.into_response(),
    }
}
