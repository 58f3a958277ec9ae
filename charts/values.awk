# The tables of values for README.md. In: values.yaml. Out: a section for each group, and one for the values of the top level;
# a row for each value, with its path, its default and the comment above it. A value without a comment is named, and the exit
# status is 1.
function cell(text) { gsub(/\|/, "\\|", text); return text }
function head() { return "| value | default | what it is |\n|---|---|---|\n" }
function wrong(what) { print "values.yaml: " what > "/dev/stderr"; failed = 1; exit 1 }
/^ *#/ { line = $0; sub(/^ *# ?/, "", line); about = about == "" ? line : about " " line; next }
/^ *$/ { about = ""; next }
/^ *[A-Za-z0-9]+:/ {
  match($0, /^ */); depth = RLENGTH / 2
  key = $0; sub(/^ */, "", key); value = key; sub(/:.*/, "", key); sub(/^[A-Za-z0-9]+: */, "", value)
  path[depth] = key; full = path[0]
  for (i = 1; i <= depth; i++) full = full "." path[i]
  if (about == "") wrong(full " has no comment")
  if (value == "" && depth == 0) groups = groups "\n### `" full "`\n\n" about "\n\n" head()
  else {
    row = "| `" full "` | " (value == "" ? "" : "`" cell(value) "` ") "| " cell(about) " |\n"
    if (depth == 0) loose = loose row; else groups = groups row
  }
  about = ""
  next
}
{ wrong("line " NR " is no key, comment or empty line") }
END { if (!failed) printf "%s\n### Others\n\n%s%s\n", groups, head(), loose }
