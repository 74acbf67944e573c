-- how many rows have which fault
SELECT
  "t2"."wrong",
  COUNT(*) AS "n"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t0"."profile_id",
      "t0"."title_id",
      "t0"."variant_id",
      "t0"."action",
      "t0"."shown_at",
      "t0"."propensity",
      CASE
        WHEN (
          "t0"."profile_id" IS NULL
        )
        OR (
          REPLACE("t0"."profile_id", ' ', '') = ''
        )
        OR (
          (
            "t0"."title_id" IS NULL
          ) OR (
            REPLACE("t0"."title_id", ' ', '') = ''
          )
        )
        OR (
          (
            "t0"."variant_id" IS NULL
          ) OR (
            REPLACE("t0"."variant_id", ' ', '') = ''
          )
        )
        THEN 0
        WHEN "t0"."shown_at" IS NULL
        THEN 1
        WHEN "t0"."shown_at" > CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00') AS TIMESTAMP)
        THEN 2
        WHEN (
          "t0"."action" IS NULL
        )
        OR NOT (
          "t0"."action" IN ('impression', 'play', 'quality_play')
        )
        THEN 3
        WHEN (
          "t0"."action" = 'impression'
        ) AND (
          "t0"."propensity" IS NULL
        )
        THEN 4
        WHEN (
          "t0"."propensity" IS NOT NULL
        )
        AND NOT (
          (
            "t0"."propensity" > 0
          ) AND (
            "t0"."propensity" <= 1
          )
        )
        THEN 5
        WHEN NOT (
          CONCAT(CONCAT("t0"."title_id", ' / '), "t0"."variant_id") IN ('film / hero', 'film / star')
        )
        THEN 6
        ELSE CAST(NULL AS TINYINT)
      END AS "wrong"
    FROM "events" AS "t0"
  ) AS "t1"
  WHERE
    "t1"."wrong" IS NOT NULL
) AS "t2"
GROUP BY
  1;

-- how many are there twice, stand alone, and can be used
SELECT
  SUM("t3"."impressions" + "t3"."plays" + "t3"."quality_plays") - SUM(
    IF("t3"."impressions" > 0, 1, 0) + IF("t3"."plays" > 0, 1, 0) + IF("t3"."quality_plays" > 0, 1, 0)
  ) AS "twice",
  SUM(
    IF(
      "t3"."impressions" > 0,
      0,
      IF("t3"."plays" > 0, 1, 0) + IF("t3"."quality_plays" > 0, 1, 0)
    )
  ) AS "orphan",
  SUM(
    IF(
      "t3"."impressions" > 0,
      IF("t3"."plays" > 0, 1, 0) + IF("t3"."quality_plays" > 0, 1, 0) + 1,
      0
    )
  ) AS "usable"
FROM (
  SELECT
    "t2"."profile_id",
    "t2"."variant_id",
    "t2"."shown_at",
    SUM(IF("t2"."action" = 'impression', 1, 0)) AS "impressions",
    SUM(IF("t2"."action" = 'play', 1, 0)) AS "plays",
    SUM(IF("t2"."action" = 'quality_play', 1, 0)) AS "quality_plays",
    MAX("t2"."propensity") AS "propensity"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t0"."profile_id",
        "t0"."title_id",
        "t0"."variant_id",
        "t0"."action",
        "t0"."shown_at",
        "t0"."propensity",
        CASE
          WHEN (
            "t0"."profile_id" IS NULL
          )
          OR (
            REPLACE("t0"."profile_id", ' ', '') = ''
          )
          OR (
            (
              "t0"."title_id" IS NULL
            ) OR (
              REPLACE("t0"."title_id", ' ', '') = ''
            )
          )
          OR (
            (
              "t0"."variant_id" IS NULL
            ) OR (
              REPLACE("t0"."variant_id", ' ', '') = ''
            )
          )
          THEN 0
          WHEN "t0"."shown_at" IS NULL
          THEN 1
          WHEN "t0"."shown_at" > CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00') AS TIMESTAMP)
          THEN 2
          WHEN (
            "t0"."action" IS NULL
          )
          OR NOT (
            "t0"."action" IN ('impression', 'play', 'quality_play')
          )
          THEN 3
          WHEN (
            "t0"."action" = 'impression'
          ) AND (
            "t0"."propensity" IS NULL
          )
          THEN 4
          WHEN (
            "t0"."propensity" IS NOT NULL
          )
          AND NOT (
            (
              "t0"."propensity" > 0
            ) AND (
              "t0"."propensity" <= 1
            )
          )
          THEN 5
          WHEN NOT (
            CONCAT(CONCAT("t0"."title_id", ' / '), "t0"."variant_id") IN ('film / hero', 'film / star')
          )
          THEN 6
          ELSE CAST(NULL AS TINYINT)
        END AS "wrong"
      FROM "events" AS "t0"
    ) AS "t1"
    WHERE
      "t1"."wrong" IS NULL
  ) AS "t2"
  GROUP BY
    1,
    2,
    3
) AS "t3";

-- what every profile was shown and played of every variant
SELECT
  "t4"."profile_id",
  "t4"."variant_id",
  SUM("t4"."weight") AS "shown",
  SUM(IF("t4"."played", "t4"."weight", CAST(0.0 AS DOUBLE))) AS "weight",
  COUNT(*) AS "n_shown",
  SUM(IF("t4"."played", 1, 0)) AS "n_plays"
FROM (
  SELECT
    "t3"."profile_id",
    "t3"."variant_id",
    CAST(TO_UNIXTIME("t3"."shown_at") AS BIGINT) AS "at",
    (
      "t3"."plays" + "t3"."quality_plays"
    ) > 0 AS "played",
    IF("t3"."quality_plays" > 0, CAST(1.0 AS DOUBLE), CAST(0.0 AS DOUBLE)) AS "reward",
    "t3"."propensity",
    EXP(
      CAST(1773532800 - CAST(TO_UNIXTIME("t3"."shown_at") AS BIGINT) AS DOUBLE) * CAST(-2.674178937345468E-7 AS DOUBLE)
    ) AS "weight"
  FROM (
    SELECT
      "t2"."profile_id",
      "t2"."variant_id",
      "t2"."shown_at",
      SUM(IF("t2"."action" = 'impression', 1, 0)) AS "impressions",
      SUM(IF("t2"."action" = 'play', 1, 0)) AS "plays",
      SUM(IF("t2"."action" = 'quality_play', 1, 0)) AS "quality_plays",
      MAX("t2"."propensity") AS "propensity"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t0"."profile_id",
          "t0"."title_id",
          "t0"."variant_id",
          "t0"."action",
          "t0"."shown_at",
          "t0"."propensity",
          CASE
            WHEN (
              "t0"."profile_id" IS NULL
            )
            OR (
              REPLACE("t0"."profile_id", ' ', '') = ''
            )
            OR (
              (
                "t0"."title_id" IS NULL
              ) OR (
                REPLACE("t0"."title_id", ' ', '') = ''
              )
            )
            OR (
              (
                "t0"."variant_id" IS NULL
              ) OR (
                REPLACE("t0"."variant_id", ' ', '') = ''
              )
            )
            THEN 0
            WHEN "t0"."shown_at" IS NULL
            THEN 1
            WHEN "t0"."shown_at" > CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00') AS TIMESTAMP)
            THEN 2
            WHEN (
              "t0"."action" IS NULL
            )
            OR NOT (
              "t0"."action" IN ('impression', 'play', 'quality_play')
            )
            THEN 3
            WHEN (
              "t0"."action" = 'impression'
            ) AND (
              "t0"."propensity" IS NULL
            )
            THEN 4
            WHEN (
              "t0"."propensity" IS NOT NULL
            )
            AND NOT (
              (
                "t0"."propensity" > 0
              ) AND (
                "t0"."propensity" <= 1
              )
            )
            THEN 5
            WHEN NOT (
              CONCAT(CONCAT("t0"."title_id", ' / '), "t0"."variant_id") IN ('film / hero', 'film / star')
            )
            THEN 6
            ELSE CAST(NULL AS TINYINT)
          END AS "wrong"
        FROM "events" AS "t0"
      ) AS "t1"
      WHERE
        "t1"."wrong" IS NULL
    ) AS "t2"
    GROUP BY
      1,
      2,
      3
  ) AS "t3"
  WHERE
    "t3"."impressions" > 0
    AND CAST(TO_UNIXTIME("t3"."shown_at") AS BIGINT) < 1773532800
    AND CAST(TO_UNIXTIME("t3"."shown_at") AS BIGINT) >= 1765756800
) AS "t4"
GROUP BY
  1,
  2;

-- impressions of some profiles
SELECT
  "t3"."profile_id",
  "t3"."variant_id",
  CAST(TO_UNIXTIME("t3"."shown_at") AS BIGINT) AS "at",
  (
    "t3"."plays" + "t3"."quality_plays"
  ) > 0 AS "played",
  IF("t3"."quality_plays" > 0, CAST(1.0 AS DOUBLE), CAST(0.0 AS DOUBLE)) AS "reward",
  "t3"."propensity"
FROM (
  SELECT
    "t2"."profile_id",
    "t2"."variant_id",
    "t2"."shown_at",
    SUM(IF("t2"."action" = 'impression', 1, 0)) AS "impressions",
    SUM(IF("t2"."action" = 'play', 1, 0)) AS "plays",
    SUM(IF("t2"."action" = 'quality_play', 1, 0)) AS "quality_plays",
    MAX("t2"."propensity") AS "propensity"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t0"."profile_id",
        "t0"."title_id",
        "t0"."variant_id",
        "t0"."action",
        "t0"."shown_at",
        "t0"."propensity",
        CASE
          WHEN (
            "t0"."profile_id" IS NULL
          )
          OR (
            REPLACE("t0"."profile_id", ' ', '') = ''
          )
          OR (
            (
              "t0"."title_id" IS NULL
            ) OR (
              REPLACE("t0"."title_id", ' ', '') = ''
            )
          )
          OR (
            (
              "t0"."variant_id" IS NULL
            ) OR (
              REPLACE("t0"."variant_id", ' ', '') = ''
            )
          )
          THEN 0
          WHEN "t0"."shown_at" IS NULL
          THEN 1
          WHEN "t0"."shown_at" > CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00') AS TIMESTAMP)
          THEN 2
          WHEN (
            "t0"."action" IS NULL
          )
          OR NOT (
            "t0"."action" IN ('impression', 'play', 'quality_play')
          )
          THEN 3
          WHEN (
            "t0"."action" = 'impression'
          ) AND (
            "t0"."propensity" IS NULL
          )
          THEN 4
          WHEN (
            "t0"."propensity" IS NOT NULL
          )
          AND NOT (
            (
              "t0"."propensity" > 0
            ) AND (
              "t0"."propensity" <= 1
            )
          )
          THEN 5
          WHEN NOT (
            CONCAT(CONCAT("t0"."title_id", ' / '), "t0"."variant_id") IN ('film / hero', 'film / star')
          )
          THEN 6
          ELSE CAST(NULL AS TINYINT)
        END AS "wrong"
      FROM "events" AS "t0"
    ) AS "t1"
    WHERE
      "t1"."wrong" IS NULL
  ) AS "t2"
  GROUP BY
    1,
    2,
    3
) AS "t3"
WHERE
  "t3"."impressions" > 0 AND "t3"."profile_id" IN ('ann', 'bo');
