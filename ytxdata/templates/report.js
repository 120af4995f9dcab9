/*ytxdata*/
/* The page can be read and printed without this; with it, it can be asked: sort, filter, choose, drill, copy. */
(() => {
  "use strict";
  const words = {
    en: { sort: "Sort by", filter: "Filter rows", copy: "Copy table", copied: "Copied", rows: "rows", period: "Period", group: "Group", all: "All", ids: "meetings: show their ids" },
    zh: { sort: "排序：", filter: "筛选行", copy: "复制表格", copied: "已复制", rows: "行", period: "时段", group: "分组", all: "全部", ids: "的会议：显示编号" },
  };
  const make = (tag, attributes, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...inside);
    return made;
  };
  const text = (cell) => (cell ? cell.textContent.trim() : "");
  const number = (shown) => (/^[-−]?[\d,]+(\.\d+)?$/.test(shown) ? Number(shown.replace(/,/g, "").replace("−", "-")) : NaN);

  /* what is not known stands last, whichever way one sorts */
  const compare = (one, other, isNumber, way) => {
    if (isNumber) {
      const [a, b] = [number(one), number(other)];
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
      return way * (a - b);
    }
    return way * one.localeCompare(other, undefined, { numeric: true });
  };

  const sortable = (table, say) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = make("button", { type: "button", class: "sort", "aria-label": `${say.sort} ${text(head).replace(/\s+/g, " ")}` });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way < 0 ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = [...body.rows];
        rows.sort((a, b) => compare(text(a.cells[at]), text(b.cells[at]), head.classList.contains("ytx-n"), way));
        body.append(...rows);
      });
    });
  };

  const show = (table) => {
    const wanted = (table.dataset.filter || "").toLowerCase();
    let n = 0;
    for (const row of table.tBodies[0].rows) {
      const isChosen = ["period", "group"].every((key) => !table.dataset[key] || row.dataset[key] === undefined || row.dataset[key] === table.dataset[key]);
      row.hidden = !isChosen || !row.textContent.toLowerCase().includes(wanted);
      n += !row.hidden;
    }
    return n;
  };

  const tools = (table, say) => {
    const bar = make("div", { class: "tools" });
    const said = make("span", { class: "quiet", role: "status" });
    if (table.tBodies[0].rows.length > 5) {
      const input = make("input", { type: "search", placeholder: say.filter, "aria-label": say.filter });
      input.addEventListener("input", () => {
        table.dataset.filter = input.value.trim();
        said.textContent = `${show(table)} ${say.rows}`;
      });
      bar.append(input);
    }
    const copy = make("button", { type: "button" }, say.copy);
    copy.addEventListener("click", async () => {
      const rows = [...table.rows].filter((row) => !row.hidden);
      const lines = rows.map((row) => [...row.cells].map((cell) => cell.title || text(cell).replace(/\s+/g, " ")).join("\t"));
      try {
        await navigator.clipboard.writeText(lines.join("\n"));
      } catch {
        const area = make("textarea", { "aria-hidden": "true", class: "skip" });
        area.value = lines.join("\n");
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      said.textContent = say.copied;
    });
    bar.append(copy, said);
    table.closest(".ytx-scroll").before(bar);
  };

  /* one choice for all tables that have such rows */
  const chooser = (article, say, key) => {
    const rows = [...article.querySelectorAll(`tr[data-${key}]`)];
    const values = [...new Set(rows.map((row) => row.dataset[key]))];
    if (values.length < 2) return null;
    const select = make("select", {}, make("option", { value: "" }, say.all), ...values.sort().map((one) => make("option", { value: one }, one)));
    select.addEventListener("change", () => {
      for (const table of new Set(rows.map((row) => row.closest("table")))) {
        table.dataset[key] = select.value;
        show(table);
      }
    });
    return make("label", {}, `${say[key]} `, select);
  };

  /* a bar leads to the ids of its meetings */
  const drill = (article, say) => {
    for (const list of article.querySelectorAll("details[data-ids]")) {
      for (const bar of article.querySelectorAll(`[id$="-bar-${list.dataset.ids}"]`)) {
        const open = () => {
          list.closest("details.all-ids").open = list.open = true;
          list.scrollIntoView({ block: "center" });
          list.querySelector("summary").focus();
        };
        const drawing = bar.closest("svg");
        drawing.setAttribute("role", "group");
        bar.setAttribute("role", "button");
        bar.setAttribute("tabindex", "0");
        bar.setAttribute("aria-label", `${list.dataset.ids} ${say.ids}`);
        bar.classList.add("drill");
        bar.addEventListener("click", open);
        bar.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            open();
          }
        });
      }
    }
  };

  for (const article of document.querySelectorAll("article")) {
    const say = words[article.lang.startsWith("zh") ? "zh" : "en"];
    for (const table of article.querySelectorAll("table[data-ask]")) {
      sortable(table, say);
      tools(table, say);
    }
    const choices = ["period", "group"].map((key) => chooser(article, say, key)).filter(Boolean);
    if (choices.length) article.querySelector("nav.contents").after(make("div", { class: "tools choose" }, ...choices));
    drill(article, say);
  }
})();
