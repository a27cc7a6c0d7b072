// A button that copies each record, and one for its value alone, as a DNS panel takes it.
for (const code of document.querySelectorAll("code[data-value]")) {
  const tools = document.createElement("span");
  tools.className = "tools";
  for (const [label, text] of [["Copy", code.textContent], ["Value", code.dataset.value]]) {
    if (text === "") continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.title = label === "Copy" ? "Copy the record as a line of a zone file" : "Copy the value alone, for a DNS panel";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = document.createElement("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 1500);
    });
    tools.append(button);
  }
  code.after(tools);
}
