import { createState, type State } from '../base/state.ts'
import { parseRoute, type Route, toHash } from './route.ts'

export const currentRoute: State<Route> = createState(parseRoute(location.hash))

addEventListener('hashchange', () => currentRoute.set(parseRoute(location.hash)))

/** `replace`: without a step of its own for the back button. */
export function goTo(route: Route, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') location.hash = toHash(route)
  else {
    history.replaceState(null, '', toHash(route))
    currentRoute.set(route)
  }
}
