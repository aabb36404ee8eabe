// Where media stand in a prompt: `[img-N]`, as templates of prompts write it. A mark that names nothing that came along is text, as the user may
// have typed it, and so is a second one: an image is shown once.

// Six digits: a number of any length would be taken for a small one once it is rounded.
const MARK = /\[img-(\d{1,6})\]/g

/** Texts, and the numbers of media between them. No two texts follow each other, and none is empty. */
export function splitAtMarks(prompt: string, mediaCount: number): (string | number)[] {
  const parts: (string | number)[] = []
  let textStart = 0
  const shown = new Set<number>()
  for (const match of prompt.matchAll(MARK)) {
    const medium = Number(match[1])
    if (medium >= mediaCount || shown.has(medium)) continue
    shown.add(medium)
    if (match.index > textStart) parts.push(prompt.slice(textStart, match.index))
    parts.push(medium)
    textStart = match.index + match[0].length
  }
  if (textStart < prompt.length) parts.push(prompt.slice(textStart))
  return parts
}
