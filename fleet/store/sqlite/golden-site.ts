/**
 * The site that a column names: of one that was merged, the record that it turned out to be. The column itself is not
 * rewritten, since whoever merges may not see all that names the site.
 */
export const goldenSite = (column: string): string => `case when ${column} is null then null else (
    with recursive golden(id) as (
      select ${column} union select s.merged_into from golden g join site s on s.id = g.id
      where s.merged_into is not null)
    select g.id from golden g left join site s on s.id = g.id where s.merged_into is null) end`;
