//! What a browser does: forms, and cookies that it keeps.

use super::*;

impl App {
    /// Fills a form in as a browser does: opens the page, sends its cookie and hidden token.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get_with_cookies(page).await;
        let token = hidden(&page.text, "csrf");
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &token);
        body.extend_pairs(fields);
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", self.cookie_line())
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body.finish())).unwrap())
            .await
    }

    pub async fn get_with_cookies(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[("cookie", &self.cookie_line())])
            .await
    }

    /// Logs in on the page, as a browser does.
    pub async fn sign_in(&self, name: &str) -> Answer {
        let fields = [("emailOrUsername", name), ("password", PASSWORD)];
        self.submit("/login", "/login", &fields).await
    }

    /// A cookie of the browser's; `None` when it has none of that name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Gives the browser a cookie, past the service.
    pub fn put_cookie(&self, name: &str, value: &str) {
        let mut jar = self.cookies.lock().unwrap();
        jar.insert(name.to_owned(), value.to_owned());
    }

    /// Another browser: all cookies are gone.
    pub fn forget_cookies(&self) {
        self.cookies.lock().unwrap().clear();
    }

    pub fn cookie_line(&self) -> String {
        let jar = self.cookies.lock().unwrap();
        let pairs: Vec<String> = jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let at = page
        .find(&mark)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    page[at + mark.len()..]
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}
