/** Edits between what was typed and a name that is suggested. */
const MAX_DISTANCE = 2

/** The names that may have been meant: few edits away, or beginning with what was typed. */
export function suggestNames(typed: string, names: readonly string[]): string[] {
  const wanted = typed.toLowerCase()
  return names.filter((name) => name.startsWith(wanted) || editDistance(wanted, name) <= MAX_DISTANCE)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
