// The token stands after the # of the address, which browsers never send: it goes into the body of one request.
"use strict";

const part = (id) => document.getElementById(id);
const token = location.hash.slice(1);
const show = (id) => {
  for (const each of ["claim", "done", "refused"]) part(each).hidden = each !== id;
};

// The link stays neither in the address bar nor in the history.
if (token) history.replaceState(null, "", location.pathname);
show(token ? "claim" : "refused");

const fields = ["name", "email"];
const clear = () => {
  part("said").textContent = "";
  for (const field of fields) {
    part(field + "-said").textContent = "";
    part(field).removeAttribute("aria-invalid");
  }
};

const explain = (problem) => {
  const wrong = Array.isArray(problem.fields) ? problem.fields : [];
  let first = null;
  for (const { field, message } of wrong) {
    const name = field;
    if (!fields.includes(name)) continue;
    part(name + "-said").textContent = message || "This cannot be used.";
    part(name).setAttribute("aria-invalid", "true");
    first = first || part(name);
  }
  if (first) first.focus();
  else part("said").textContent = problem.detail || problem.title || "That did not work; try again.";
};

part("claim").addEventListener("submit", async (event) => {
  event.preventDefault();
  clear();
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch("/api/setup", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ token, name: part("name").value, email: part("email").value }),
    });
    const answer = await response.json();
    if (response.ok) {
      part("key").textContent = answer.key;
      show("done");
    } else {
      explain(answer);
    }
  } catch {
    part("said").textContent = "The machine does not answer; look whether it still runs.";
  } finally {
    button.disabled = false;
  }
});

part("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(part("key").textContent);
    part("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(part("key"));
  }
});
