// JSON objects in the middle of a model's text.

import { isRecord, tryParseJson } from '../../base/json.ts'

/** Finds the end of the JSON value that begins at the first character given; keeps its place between calls. */
export class JsonEndFinder {
  #position = 0
  #depth = 0
  #inString = false
  #escaped = false

  /** `text` is the same as before with more at its end. Returns the index behind the value, or undefined while it is not complete. */
  find(text: string): number | undefined {
    for (; this.#position < text.length; this.#position++) {
      const character = text[this.#position]
      if (this.#inString) this.#readInString(character)
      else if (character === '"') this.#inString = true
      else if (character === '{' || character === '[') this.#depth++
      else if (character === '}' || character === ']') {
        this.#depth--
        if (this.#depth <= 0) return this.#position + 1
      }
    }
    return undefined
  }

  #readInString(character: string | undefined): void {
    if (this.#escaped) this.#escaped = false
    else if (character === '\\') this.#escaped = true
    else if (character === '"') this.#inString = false
  }
}

/** The object, or undefined where the text is no JSON object. Line breaks inside strings, which models write, are taken as they stand. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  const value = tryParseJson(text) ?? tryParseJson(escapeInStrings(text))
  return isRecord(value) ? value : undefined
}

function escapeInStrings(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/gs, (literal) =>
    literal.replace(/[\u0000-\u001f]/g, (control) => JSON.stringify(control).slice(1, -1)),
  )
}
