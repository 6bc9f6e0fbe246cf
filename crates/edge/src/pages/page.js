// Shows the document of the API. Everything is put in as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);

function make(tag, options = {}, ...children) {
  const { text, ...rest } = options;
  const node = document.createElement(tag);
  Object.entries(rest).forEach(([name, value]) => node.setAttribute(name, value));
  if (text !== undefined) node.textContent = text;
  node.append(...children.filter(Boolean));
  return node;
}

// Backticks are the only marks in our texts.
function said(text = "") {
  const parts = text.split("`");
  return parts.map((part, index) => (index % 2 ? make("code", { text: part }) : part));
}

function resolve(api, schema) {
  if (!schema || !schema.$ref) return { schema: schema || {}, name: "" };
  const name = schema.$ref.split("/").pop();
  return { schema: (api.components.schemas || {})[name] || {}, name };
}

function typeOf(schema) {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.oneOf || schema.anyOf) return "one of";
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
  return schema.format ? `${type} (${schema.format})` : type;
}

const LIMITS = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "default"];

function limits(schema) {
  const known = LIMITS.filter((name) => schema[name] !== undefined);
  return known.map((name) => `${name} ${schema[name]}`).join(", ");
}

// A schema may contain itself; what was opened on the way here is only named.
function showSchema(api, given, opened = []) {
  const { schema, name } = resolve(api, given);
  const box = make("div", { class: "schema" });
  if (name) box.append(make("p", {}, make("code", { text: name }), " ", ...said(schema.description)));
  if (name && opened.includes(name)) return box;
  const inside = opened.concat(name || []);
  for (const choice of schema.oneOf || schema.anyOf || schema.allOf || []) {
    box.append(showSchema(api, choice, inside));
  }
  if (schema.type === "array" && schema.items) {
    box.append(make("p", { text: "a list of" }), showSchema(api, schema.items, inside));
  } else if (schema.properties) {
    box.append(showFields(api, schema, inside));
  } else if (!schema.oneOf && !schema.anyOf && !schema.allOf) {
    box.append(make("p", { text: [typeOf(schema), limits(schema)].filter(Boolean).join(", ") }));
  }
  return box;
}

function showFields(api, schema, opened) {
  const required = schema.required || [];
  const rows = Object.entries(schema.properties).map(([name, given]) => {
    const field = resolve(api, given);
    const nested = field.schema.properties || field.schema.items || field.schema.oneOf;
    const about = make("td", {}, ...said(given.description || field.schema.description));
    if (nested) about.append(showSchema(api, given, opened));
    const facts = [typeOf(field.schema), limits(field.schema), required.includes(name) ? "" : "may be absent"];
    return make(
      "tr",
      {},
      make("td", {}, make("code", { text: name })),
      make("td", { text: facts.filter(Boolean).join(", ") }),
      about,
    );
  });
  return table(["field", "type", "meaning"], rows);
}

function table(names, rows) {
  const head = make("tr", {}, ...names.map((text) => make("th", { text })));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function showParameters(api, parameters) {
  const rows = parameters.map((parameter) => {
    const { schema } = resolve(api, parameter.schema);
    const facts = [parameter.in, typeOf(schema), limits(schema), parameter.required ? "required" : ""];
    return make(
      "tr",
      {},
      make("td", {}, make("code", { text: parameter.name })),
      make("td", { text: facts.filter(Boolean).join(", ") }),
      make("td", {}, ...said(parameter.description)),
    );
  });
  return [make("h3", { text: "Parameters" }), table(["name", "type", "meaning"], rows)];
}

function showContent(api, content) {
  return Object.entries(content || {}).flatMap(([type, { schema }]) => [
    make("p", {}, make("code", { text: type })),
    schema && type !== "application/problem+json" ? showSchema(api, schema) : "",
  ]);
}

function showAnswers(api, responses) {
  const rows = Object.entries(responses).map(([status, given]) => {
    const response = given.$ref ? api.components.responses[given.$ref.split("/").pop()] : given;
    const headers = Object.keys(response.headers || {}).join(", ");
    return make(
      "tr",
      {},
      make("td", {}, make("code", { text: status })),
      make(
        "td",
        {},
        make("p", { text: response.description }),
        ...showContent(api, response.content),
        headers && make("p", { class: "said", text: `headers: ${headers}` }),
      ),
    );
  });
  return [make("h3", { text: "Answers" }), table(["status", ""], rows)];
}

function showOperation(api, path, method, operation) {
  const about = make("div");
  const facts = [
    operation.operationId,
    `who: ${operation["x-policy"]}`,
    `rate class: ${operation["x-rate-class"]}`,
    `deadline: ${operation["x-deadline-ms"]} ms`,
    `under overload: ${operation["x-criticality"]}`,
  ];
  about.append(make("ul", { class: "facts" }, ...facts.map((text) => make("li", { text }))));
  if (operation.parameters) about.append(...showParameters(api, operation.parameters));
  if (operation.requestBody) {
    about.append(make("h3", { text: "Body" }), ...showContent(api, operation.requestBody.content));
  }
  about.append(...showAnswers(api, operation.responses));
  const line = make(
    "summary",
    {},
    make("span", { class: `method ${method}`, text: method.toUpperCase() }),
    make("span", { class: "path", text: path }),
    make("span", { class: "said", text: operation.summary }),
  );
  return make("details", { class: "operation", id: operation.operationId }, line, about);
}

function show(api) {
  byId("version").textContent = api.info.version;
  byId("about").append(...said(api.info.description));
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tag = (operation.tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, operation });
    }
  }
  const shown = [];
  for (const tag of [...groups.keys()].sort()) {
    const group = make("section", {}, make("h2", { text: tag }));
    const links = make("div", {}, make("h2", { text: tag }));
    for (const { path, method, operation } of groups.get(tag)) {
      const node = showOperation(api, path, method, operation);
      const link = make("a", { href: `#${operation.operationId}`, text: operation.operationId });
      const words = `${method} ${path} ${operation.operationId} ${operation.summary} ${tag}`.toLowerCase();
      shown.push({ node, link, words, group, links });
      group.append(node);
      links.append(link);
    }
    byId("operations").append(group);
    byId("contents").append(links);
  }
  return shown;
}

function search(shown) {
  const wanted = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map();
  let found = 0;
  for (const { node, link, words, group, links } of shown) {
    const fits = wanted.every((word) => words.includes(word));
    node.hidden = link.hidden = !fits;
    if (fits) found += 1;
    groups.set(group, { links, any: fits || (groups.get(group) || {}).any });
  }
  groups.forEach(({ links, any }, group) => (group.hidden = links.hidden = !any));
  byId("nothing").hidden = found > 0;
}

function openNamed() {
  const node = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (node && node.tagName === "DETAILS") {
    node.open = true;
    node.scrollIntoView();
  }
}

fetch("/api/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then((api) => {
    const shown = show(api);
    byId("search").addEventListener("input", () => search(shown));
    window.addEventListener("hashchange", openNamed);
    openNamed();
  })
  .catch((error) => (byId("about").textContent = `The document cannot be read: ${error.message}`));
