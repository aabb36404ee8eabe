import stringWidth from 'string-width'

/** Terminal columns that a text takes; escape sequences take none, East Asian wide characters two. */
export function displayWidth(text: string): number {
  return isPlainAscii(text) ? text.length : stringWidth(text)
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(width - displayWidth(text), 0))
}

function isPlainAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
