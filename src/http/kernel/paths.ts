// What Ollama's two routers do with a path before and beside the routes: an unclean path is redirected to the clean one, a slash too many too,
// and a path that another method has answers 405. All of it is exact, since clients and proxies have learnt to live with it.

import { METHODS, type Method } from './route.ts'

export interface Target {
  /** As it came, still encoded. */
  rawPath: string
  /** With its question mark, or empty. */
  query: string
  /** Of a request that names the whole URL, as one for a proxy does; it goes before the Host header. */
  authority?: string
}

export type Detour =
  | { kind: 'redirect'; status: 301 | 307; location: string }
  | { kind: 'not-allowed'; allow: readonly Method[] }
  | { kind: 'unknown' }

/** Where the routes are asked which methods a path has. */
export type MethodsOf = (path: string) => readonly Method[]

export function splitTarget(url: string): Target {
  const whole = /^https?:\/\/([^/?#]*)/i.exec(url)
  if (whole) return { ...splitTarget(url.slice(whole[0].length).replace(/^(?!\/)/, '/')), authority: whole[1] ?? '' }
  const question = url.indexOf('?')
  return question < 0 ? { rawPath: url, query: '' } : { rawPath: url.slice(0, question), query: url.slice(question) }
}

/** A redirect where the path has empty or dotted parts; the query is kept. */
export function redirectUnclean({ rawPath, query }: Target): Detour | undefined {
  const clean = cleanPath(rawPath)
  // Go escapes the clean path once more, so that %20 becomes %2520.
  return clean === rawPath ? undefined : { kind: 'redirect', status: 307, location: clean.replaceAll('%', '%25') + query }
}

/** What happens to a path and method that no route has. */
export function findDetour(method: string, path: string, query: string, methodsOf: MethodsOf): Detour {
  const shorter = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : undefined
  if (shorter !== undefined && methodsOf(shorter).some((known) => known === method))
    return { kind: 'redirect', status: method === 'GET' ? 301 : 307, location: encodeURI(shorter) + query }
  const known = methodsOf(path)
  return known.length > 0 ? { kind: 'not-allowed', allow: METHODS.filter((one) => known.includes(one)) } : { kind: 'unknown' }
}

/** Whether a route's path, with its named parts, is this decoded one. */
export function matchesPath(pattern: string, path: string): boolean {
  return readParams(pattern, path) !== undefined
}

/** The named parts of a decoded path; undefined where it is not that of the route. No named part is empty. */
export function readParams(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const parts = path.split('/')
  const takesRest = wanted.at(-1)?.startsWith('*') === true
  if (takesRest ? parts.length < wanted.length : parts.length !== wanted.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const isRest = part.startsWith('*')
    const taken = isRest ? parts.slice(index) : [parts[index] ?? '']
    if (!isRest && !part.startsWith(':')) {
      if (part !== taken[0]) return undefined
    } else if (taken.includes('')) return undefined
    else params[part.slice(1)] = taken.join('/')
  }
  return params
}

/** The path with its escapes undone; undefined where they are broken. */
export function decodePath(rawPath: string): string | undefined {
  try {
    return decodeURIComponent(rawPath)
  } catch {
    return undefined
  }
}

function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const clean = `/${parts.join('/')}`
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean
}
