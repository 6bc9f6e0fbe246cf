//! The page of error codes, written from the table of codes itself.

use std::fmt::Write;

use base::codes::TABLE;

use crate::problem::status;

const BEGIN: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Comanda: error codes</title>
<link rel=\"stylesheet\" href=\"/docs/page.css\">
</head>
<body>
<header class=\"top\"><h1>Error codes</h1><p><a href=\"/docs\">The API</a></p></header>
<main class=\"errors\">
<p>Every error is <code>application/problem+json</code>. Programs decide by <code>code</code>, which never changes its
meaning; <code>instance</code> is the correlation id under which our log has the details.</p>
<table>
<thead><tr><th>code</th><th>status</th><th>kind</th><th>meaning</th></tr></thead>
<tbody>
";

const END: &str = "</tbody>\n</table>\n</main>\n</body>\n</html>\n";

/// Writes the page.
pub(crate) fn page() -> String {
    let mut page = String::from(BEGIN);
    for (code, kind, meaning) in TABLE {
        let status = status(*kind, code).as_u16();
        let meaning = escape(meaning);
        // Writing into a string cannot fail.
        let _ = writeln!(
            page,
            "<tr id=\"{code}\"><td><code>{code}</code></td><td>{status}</td><td>{kind}</td><td>{meaning}</td></tr>"
        );
    }
    page.push_str(END);
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
