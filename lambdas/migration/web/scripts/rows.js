// Sorts, filters and pages the tables that web/rows.py has laid out. Markup comes from the page alone:
// the first rows stand in it, the others are unpacked when they are to be seen.
(() => {
  "use strict";
  const [PAGE, LARGE_PAGE] = [100, 1000];
  const number = new Intl.NumberFormat("en");

  async function unpack(text) {
    const packed = atob(text);
    const bytes = new Uint8Array(packed.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = packed.charCodeAt(at);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }

  async function unpackValues(packed) {
    const values = await unpack(packed.values);
    return values.map((cells, index) => ({ index, cells }));
  }

  function make(name, properties, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }

  function parse(markup) {
    const table = document.createElement("table");
    table.innerHTML = markup;
    return table.tBodies[0];
  }

  class Rows {
    constructor(box) {
      this.box = box;
      this.table = box.querySelector("table");
      this.packed = JSON.parse(box.querySelector("script").textContent);
      this.bodies = [...this.table.tBodies];
      this.first = this.bodies.length;
      this.chunks = new Map();
      this.drawing = this.renewing = 0;
      box.addEventListener("renewed", (event) => this.renew(event.detail));
    }

    async start() {
      const data = await unpackValues(this.packed);
      const columns = this.packed.columns.map((column, at) => this.describe(column, at));
      this.model = TableCore.constructTable({
        features: TableCore.features,
        data,
        columns,
        initialState: { pagination: { pageIndex: 0, pageSize: PAGE } },
        globalFilterFn: "includes",
        getColumnCanGlobalFilter: (column) => !this.packed.columns[column.id].number,
        enableMultiSort: false,
        autoResetPageIndex: false,
      });
      this.addHeadings();
      this.addTools();
      this.draw();
    }

    // The same table later: sorted, filtered and paged as before.
    async renew(box) {
      const turn = ++this.renewing;
      const packed = JSON.parse(box.querySelector("script").textContent);
      const data = await unpackValues(packed);
      await this.started;
      if (turn !== this.renewing) return;
      const bodies = [...box.querySelector("table").tBodies];
      Object.assign(this, { packed, bodies, first: bodies.length, chunks: new Map() });
      this.model.setOptions((options) => ({ ...options, data }));
      const last = Math.max(0, this.model.getPageCount() - 1);
      this.show(Math.min(this.model.atoms.pagination.get().pageIndex, last));
    }

    // What stands in the page stays as it is.
    giveUp() {
      const text = "This browser cannot sort or filter this table, and shows only the rows that " +
        "stand here. Open the page with a newer one, or the files beside it.";
      this.table.before(make("p", { className: "failure" }, text));
    }

    describe(column, at) {
      const order = new Map(column.choices.map(([value], place) => [value, place]));
      const value = order.size ? (cell) => order.get(cell) : (cell) => cell;
      const text = new Intl.Collator("en", { numeric: true });
      return {
        id: String(at),
        accessorFn: (row) => row.cells[at],
        sortDescFirst: column.number,
        sortFn: (one, other, id) => {
          const [here, there] = [value(one.getValue(id)), value(other.getValue(id))];
          return typeof here === "number" ? here - there : text.compare(here, there);
        },
        filterFn: "equals",
      };
    }

    addHeadings() {
      for (const cell of this.table.tHead.querySelectorAll("[data-column]")) {
        const button = make("button", { type: "button", className: "sort" }, ...cell.childNodes);
        button.addEventListener("click", () => {
          this.model.getColumn(cell.dataset.column).toggleSorting();
          this.show(0);
        });
        cell.replaceChildren(button);
      }
    }

    addTools() {
      const noun = this.packed.noun;
      const search = make("input", { type: "search", placeholder: `Find ${noun}` });
      search.setAttribute("aria-label", `Find ${noun}`);
      search.addEventListener("input", () => {
        this.model.setGlobalFilter(search.value.trim() || undefined);
        this.show(0);
      });
      const tools = make("div", { className: "tools" }, search);
      this.packed.columns.forEach((column, at) => {
        if (column.choices.length > 1) tools.append(this.makeChoice(column, at));
      });
      tools.append(this.makeOrder());
      this.status = make("p", { className: "small status" });
      this.status.setAttribute("role", "status");
      this.pager = make("nav", { className: "pager" });
      this.pager.setAttribute("aria-label", `Pages of ${noun}`);
      this.pager.append(this.makeStep("Previous", -1), this.makeStep("Next", 1), this.makeSize());
      tools.append(this.status);
      this.table.before(tools);
      this.table.after(this.pager);
    }

    makeStep(text, step) {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => {
        this.show(this.model.atoms.pagination.get().pageIndex + step);
        this.box.scrollIntoView({ block: "start" });
      });
      return button;
    }

    // What is to be printed must stand in the page.
    makeSize() {
      const button = make("button", { type: "button" }, `Show ${number.format(LARGE_PAGE)} a page`);
      button.addEventListener("click", () => {
        this.model.setPageSize(LARGE_PAGE);
        button.remove();
        this.show(0);
      });
      return button;
    }

    makeChoice(column, at) {
      const options = column.choices.map(([value, name]) => make("option", { value }, name));
      const all = make("option", { value: "" }, `${column.heading}: all`);
      const select = make("select", {}, all, ...options);
      select.setAttribute("aria-label", `${column.heading} to show`);
      select.addEventListener("change", () => {
        this.model.getColumn(String(at)).setFilterValue(select.value || undefined);
        this.show(0);
      });
      return select;
    }

    // Where rows are cards there are no headings to sort by.
    makeOrder() {
      this.order = make("select", { className: "order" }, make("option", { value: "" }, "Sort by"));
      this.order.setAttribute("aria-label", `Order of ${this.packed.noun}`);
      this.packed.columns.forEach((column, at) => {
        if (!column.shown) return;
        for (const sign of column.number ? ["-", "+"] : ["+", "-"]) {
          const arrow = sign === "+" ? "\u2191" : "\u2193";
          this.order.append(make("option", { value: sign + at }, `${column.heading} ${arrow}`));
        }
      });
      this.order.addEventListener("change", () => {
        const [sign, id] = [this.order.value[0], this.order.value.slice(1)];
        this.model.setSorting(sign ? [{ id, desc: sign === "-" }] : []);
        this.show(0);
      });
      return this.order;
    }

    show(page) {
      this.model.setPageIndex(page);
      this.draw();
    }

    async draw() {
      const turn = ++this.drawing;
      const { rows } = this.model.getRowModel();
      await this.fetch(rows);
      if (turn === this.drawing) this.place(rows);
    }

    // Unpacks what these rows need and nobody has seen before.
    async fetch(rows) {
      const { packed, bodies, first, chunks } = this; // those of these rows, whatever comes meanwhile
      const chunkOf = (row) => Math.floor((row.original.index - first) / packed.chunk);
      const missing = rows.filter((row) => !bodies[row.original.index]);
      for (const at of new Set(missing.map(chunkOf))) {
        if (!chunks.has(at)) chunks.set(at, unpack(packed.rest[at]));
      }
      for (const row of missing) {
        const [at, index] = [chunkOf(row), row.original.index];
        const markups = await chunks.get(at);
        const start = first + at * packed.chunk;
        bodies[index] ??= parse(markups[index - start]);
      }
    }

    place(rows) {
      for (const body of [...this.table.tBodies]) body.remove();
      this.table.append(...rows.map((row) => this.bodies[row.original.index]));
      this.tell(rows.length);
    }

    tell(shown) {
      const { pageIndex, pageSize } = this.model.atoms.pagination.get();
      const found = this.model.getPrePaginatedRowModel().rows.length;
      const total = this.model.getCoreRowModel().rows.length;
      const from = found ? pageIndex * pageSize + 1 : 0;
      const range = `${number.format(from)}–${number.format(from + shown - (found ? 1 : 0))}`;
      const whole = found === total ? "" : ` (of ${number.format(total)} in all)`;
      this.status.textContent = `${range} of ${number.format(found)} ${this.packed.noun}${whole}`;
      const [previous, next] = this.pager.children;
      this.pager.hidden = found <= PAGE;
      previous.disabled = pageIndex === 0;
      next.disabled = (pageIndex + 1) * pageSize >= found;
      const [order] = this.model.atoms.sorting.get();
      this.order.value = order ? (order.desc ? "-" : "+") + order.id : "";
      for (const cell of this.table.tHead.querySelectorAll("[data-column]")) {
        const sorted = this.model.getColumn(cell.dataset.column).getIsSorted();
        if (sorted) cell.ariaSort = sorted === "asc" ? "ascending" : "descending";
        else cell.removeAttribute("aria-sort");
      }
    }
  }

  function startAll(root) {
    const tables = [...root.querySelectorAll("[data-rows]")].map((box) => new Rows(box));
    for (const each of tables) {
      each.started = each.start().catch((error) => {
        each.giveUp();
        throw error; // so that the browser's console has it
      });
    }
    return Promise.all(tables.map((each) => each.started));
  }

  document.addEventListener("added", (event) => startAll(event.detail));
  startAll(document).then(() => {
    document.documentElement.dataset.ready = "yes";
  });
})();
