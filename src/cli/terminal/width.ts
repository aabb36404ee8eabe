import stringWidth from 'string-width'

/** Terminal columns that a text takes; escape sequences take none, East Asian wide characters two. */
export function displayWidth(text: string): number {
  return isPlainAscii(text) ? text.length : stringWidth(text)
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(width - displayWidth(text), 0))
}

/** As much of the text as fits, with a mark that there is more. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let keptWidth = 0
  for (const character of text) {
    keptWidth += displayWidth(character)
    if (keptWidth > width - 1) break
    kept += character
  }
  return width > 0 ? `${kept}…` : ''
}

function isPlainAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
