// The few styles of the chat. Where colours are not wanted (NO_COLOR) faint stands for grey.

const GREY = '\x1b[38;5;245m'
const FAINT = '\x1b[2m'

export const BOLD = '\x1b[1m'
export const PLAIN = '\x1b[0m'

export function greyStyle(color: boolean): string {
  return color ? GREY : FAINT
}
