/** Cases that do not come out as their vector wants, by the reason. A test holds that each of them still does not. */
export const laterCases: Readonly<Record<string, readonly string[]>> = {}
