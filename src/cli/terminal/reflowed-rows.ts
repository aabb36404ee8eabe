/** Rows that the terminal makes of rows of these widths when it gets narrower: what does not fit goes on in a row of its own. */
export function reflowedRows(widths: readonly number[], columns: number): number {
  return widths.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0)
}
