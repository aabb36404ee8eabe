import { useEffect, useState } from 'preact/hooks'
import type { State } from './state.ts'

/** The value of a state; the component is drawn again when it changes. */
export function useValue<T>(state: State<T>): T {
  const [, draw] = useState({})
  useEffect(() => {
    // What changed between the drawing and now.
    draw({})
    return state.subscribe(() => draw({}))
  }, [state])
  return state.value
}
