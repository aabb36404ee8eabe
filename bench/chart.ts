/** How one figure grows with another; a file of them is what `npm run bench:growth` writes and `npm run plots` draws. */
export interface Chart {
  /** Names the file of the drawing. */
  name: string
  title: string
  x: Axis
  y: Axis
  series: { name: string; points: [x: number, y: number][] }[]
}

export interface Axis {
  label: string
  /** Steps that double are equally far from each other. */
  doubles: boolean
}

export interface Growth {
  /** The machine, the versions and the command. */
  run: string
  charts: Chart[]
}
