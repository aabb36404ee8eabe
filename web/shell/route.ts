// Which page is shown: the part of the address behind `#`, so that a reload and the back button work without a word to the server.

export type Route =
  | { page: 'chat' /** None: a new talk. */; talk?: string }
  | { page: 'models' /** None: the list. */; model?: string }
  | { page: 'server' }

export function parseRoute(hash: string): Route {
  const [page, ...rest] = hash.replace(/^#\/?/, '').split('/')
  const name = decode(rest.join('/'))
  if (page === 'models') return name ? { page, model: name } : { page }
  if (page === 'server') return { page }
  return name ? { page: 'chat', talk: name } : { page: 'chat' }
}

export function toHash(route: Route): string {
  const name = route.page === 'chat' ? route.talk : route.page === 'models' ? route.model : undefined
  return `#/${route.page}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
