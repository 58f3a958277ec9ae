# What `cargo test` said, in short. In: its output, and SECONDS that it took. Out: the sums of all test programs, what was
# skipped, the short suite on another Kubernetes, and which programs took longest.

# "     Running tests/e2e.rs (target/debug/deps/e2e-0123456789abcdef)"
/^ *Running .*\)$/ {
  program = $NF
  sub(/^.*\//, "", program)
  sub(/-[0-9a-f]+\)$/, "", program)
}
/^ *Doc-tests / { program = "documentation of " $2 }
/^test result: / {
  passed += $4; failed += $6; ignored += $8
  took = $0
  sub(/.*finished in /, "", took)
  if (took + 0 >= 1) times[program] += took
}
/^SKIPPED / { skipped[++n] = $0 }
/^VERSIONS / {
  suite = $2 " (" $3 ")"
  stages[suite] = stages[suite] (stages[suite] == "" ? "" : ", ") $4 " " $5 " s"
}
END {
  print "\nthe test programs that took a second or more:"
  for (program in times) printf "%8.1f s  %s\n", times[program], program | "sort -rn"
  close("sort -rn")
  for (suite in stages) printf "\nthe short suite on Kubernetes %s: %s\n", suite, stages[suite]
  printf "\ntotal: %d passed, of these %d skipped, %d failed, %d ignored in %d s\n", passed, n, failed, ignored, seconds
  for (i = 1; i <= n; i++) print skipped[i]
}
