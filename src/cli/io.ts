// What the command line talks to besides the server: three streams and the interrupt key. Injected, so that verbs run in tests.

export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export interface InputStream extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean | undefined
  setRawMode?(raw: boolean): unknown
  on(event: 'data', listener: (bytes: Uint8Array | string) => void): unknown
  on(event: 'end', listener: () => void): unknown
  resume(): unknown
  pause(): unknown
}

export interface CliIo {
  stdin: InputStream
  stdout: OutputStream
  stderr: OutputStream
  /** False where the user wants no colours. */
  color: boolean
  /** Calls `listener` when the terminal has another size; returns a function that takes it off again. */
  onResize(listener: () => void): () => void
  /** Calls `listener` on SIGINT instead of ending the process; returns a function that takes it off again. */
  onInterrupt(listener: () => void): () => void
  /** Ctrl-Z: stops the process until the shell continues it. */
  suspend(): void
}

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

/** A pseudo-terminal that nobody gave a size says 0. */
export function columnsOf(output: OutputStream): number {
  return output.columns || DEFAULT_COLUMNS
}

export function rowsOf(output: OutputStream): number {
  return output.rows || DEFAULT_ROWS
}
